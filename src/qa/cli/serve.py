"""``qa serve``, ``qa widget`` and ``qa key``: the web server and its users."""

from __future__ import annotations

import hashlib
import secrets
import socket
from typing import Annotated

import typer

from qa.cli.options import ConfigFile, IndexFolder, warn_switched_off
from qa.cli.terminal import out
from qa.errors import ListenError
from qa.settings import Settings

__all__ = ["key", "serve", "widget"]


def serve(
    index: IndexFolder = None,
    config: ConfigFile = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on.", show_default="7860")
    ] = None,
) -> None:
    """Serve the web chat, the JSON API and the widget.

    Example: qa serve --port 8080
    """
    settings = Settings.load(config, index=index, host=host, port=port)
    _check_port(settings.host, settings.port)
    warn_switched_off(settings)
    from qa.web.app import serve as serve_web  # after the check: gradio takes seconds

    serve_web(settings, lambda: out.print(f"Web chat on {settings.address} (Ctrl+C stops it)."))


def _check_port(host: str, port: int) -> None:
    """Check that the port is free, before the encoder is loaded.

    Raises:
        ListenError: it is not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ListenError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port."
            ) from error


def widget(
    config: ConfigFile = None,
    address: Annotated[
        str | None, typer.Option(help="Public address of the server.", show_default="public_url")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Language of the widget, such as en or zh-Hant.", show_default="the page's"
        ),
    ] = None,
) -> None:
    """Print the HTML that embeds the widget, and its CSP directives.

    Example: qa widget --address https://ask.example.org
    """
    from qa.web.ui.widget import page_policy, snippet

    settings = Settings.load(config, public_url=address)
    out.print("Paste this where the widget should appear:\n")
    out.print(snippet(settings.address, language), soft_wrap=True)
    out.print("\nIf the page has a Content-Security-Policy, add these directives to it:\n")
    for directive in page_policy(settings.address):
        out.print(directive, soft_wrap=True)
    if settings.allowed_origins:
        out.print(f"\nAllowed origins: {', '.join(settings.allowed_origins)}.")
    else:
        out.print(
            "\nPages of other origins cannot ask questions yet. Add yours to qa.toml and restart:"
            '\n\nallowed_origins = ["https://www.example.org"]'
        )


def key() -> None:
    """Create an API key for batches over HTTP.

    Keep the key secret. Put its hash, which is printed too, into qa.toml.

    Example: qa key
    """
    secret = secrets.token_urlsafe(32)
    out.print(f"API key, shown only once: {secret}")
    digest = hashlib.sha256(secret.encode()).hexdigest()
    out.print(f'Add to qa.toml: api_keys = ["{digest}"]', soft_wrap=True)
