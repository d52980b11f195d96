"""Ctrl+C and SIGTERM as an exception that ends a command cleanly."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

__all__ = ["InterruptedBySignal", "interruptible"]

# Shells report a process that a signal ended as 128 plus the signal's number.
_SIGNAL_EXIT_CODE = 128


class InterruptedBySignal(BaseException):
    """A signal asked the process to end; the text is the message to print."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextlib.contextmanager
def interruptible(message: str) -> Iterator[None]:
    """End the work inside on Ctrl+C or SIGTERM with ``message``, nothing half-written."""

    def stop(number: int, _: object) -> None:
        raise InterruptedBySignal(message, _SIGNAL_EXIT_CODE + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
