"""The command line."""

from qa.cli.commands import main

__all__ = ["main"]
