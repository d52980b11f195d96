"""Progress on stderr: bars on a terminal, plain lines elsewhere, both with the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.text import Text

from qa.cli.terminal import err

__all__ = ["progress"]

# Called with the task, how many of its steps are done, and how many there are.
OnProgress = Callable[[str, int, int], None]

_PLAIN_PROGRESS_S = 10.0


@contextmanager
def progress() -> Iterator[OnProgress]:
    """Give a function that shows progress: a bar on a terminal, else a line now and then."""
    if err.is_terminal:
        with _bars() as move:
            yield move
        return
    began: dict[str, tuple[float, int]] = {}
    last = time.monotonic()

    def line(task: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        started, before = began.setdefault(task, (now, done))
        if done == total:
            err.print(f"{task}: {done} of {total}")
        elif now - last >= _PLAIN_PROGRESS_S and done > before:
            last = now
            per_s = (done - before) / (now - started)
            left = _duration((total - done) / per_s)
            err.print(f"{task}: {done} of {total}, {per_s:,.0f}/s, about {left} left")

    yield line


@contextmanager
def _bars() -> Iterator[OnProgress]:
    from rich import progress as rich_progress  # few commands show bars

    class Rate(rich_progress.ProgressColumn):
        def render(self, task: rich_progress.Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        Rate(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=err) as bars:
        tasks: dict[str, rich_progress.TaskID] = {}

        def move(task: str, done: int, total: int) -> None:
            if task not in tasks:
                tasks[task] = bars.add_task(task, total=total)
            bars.update(tasks[task], completed=done, total=total)

        yield move


def _duration(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - below, seconds say more than minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
