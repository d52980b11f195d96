"""Waiting for something to happen, on however slow a machine."""

import contextlib
import os

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


def make_ray_patient():
    """Let Ray start as slowly as it has to; its own wait for a node cannot be set."""
    for name in (
        "RAY_NUM_REDIS_GET_RETRIES",  # of a second each
        "RAY_gcs_server_port_wait_time_s",
        "RAY_worker_register_timeout_seconds",
    ):
        os.environ.setdefault(name, str(HANG_S))
    from ray._private import services

    get_node = services.get_node

    def get_node_late(*given):
        nodes = []

        def is_there():
            with contextlib.suppress(RuntimeError):
                nodes.append(get_node(*given))
            return bool(nodes)

        wait_until(is_there)
        return nodes[0]

    services.get_node = get_node_late
