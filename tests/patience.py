"""Waiting for something to happen, on however slow a machine."""

# Taken here: some tests put another clock in the place of this one.
from time import monotonic, sleep

# Only what hangs takes that long.
HANG_S = 300
HANG_MS = HANG_S * 1_000


def wait_until(claim, is_running=lambda: True, every_s=0.02):
    """Wait until `claim()` holds; fail when `is_running()` does not, or after `HANG_S`."""
    end = monotonic() + HANG_S
    while not claim():
        assert is_running(), "it has ended"
        assert monotonic() < end, f"it has not happened in {HANG_S} seconds"
        sleep(every_s)
