"""The command line, one module per group of commands.

Exit codes: 0 done; 1 the work failed, or a gate was missed; 2 wrong usage.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from qa import __version__
from qa.cli import ask, evaluate, feedback, index, ingest, serve, verify
from qa.cli.interrupts import InterruptedBySignal
from qa.cli.terminal import err, out
from qa.errors import QAError, SettingsError

__all__ = ["app", "main"]

# In the order of "qa --help".
_COMMANDS: dict[str, Callable[..., None]] = {
    "ingest": ingest.ingest,
    "accept": ingest.accept,
    "index": index.index,
    "status": index.status,
    "rollback": index.roll_back,
    "ask": ask.ask,
    "batch": ask.batch,
    "verify": verify.verify,
    "serve": serve.serve,
    "widget": serve.widget,
    "key": serve.key,
    "feedback": feedback.feedback,
    "eval": evaluate.evaluate,
    "compare": evaluate.compare,
}
# Start-up makes many objects and frees few: collecting them would be wasted time.
_OBJECTS_BEFORE_COLLECTION = 50_000

app = typer.Typer(
    name="qa",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback of an error.")
    ] = False,
) -> None:
    """Answer questions from a public record in its own words, with citations."""


def main() -> None:
    """Run one command. Turn every expected error into one line on stderr and an exit code."""
    debug = "--debug" in sys.argv[1:]
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    # numpy's own threads spin while they wait, which slows down products as small as ours.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app(args=[arg for arg in sys.argv[1:] if arg != "--debug"])
    except KeyboardInterrupt:
        err.print("qa: interrupted.")
        sys.exit(130)
    except InterruptedBySignal as interrupted:
        err.print(f"qa: {interrupted}")
        sys.exit(interrupted.exit_code)
    except BrokenPipeError:
        # The reader of our output has closed it; Python must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (QAError, OSError) as error:
        if debug:
            raise
        err.print(f"qa: {error}")
        sys.exit(2 if isinstance(error, SettingsError) else 1)
