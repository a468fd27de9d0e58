"""Huey inside its processes, with one change planted before each task.

The change is really run; no number is touched.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from huey.exceptions import CancelExecution

from adapters.huey.app import connect as connect
from adapters.huey.app import huey as huey
from bench.inprocess import cell_context

_cell = cell_context.load()
_plant, _size = _cell["settings"]["plant"], float(_cell["settings"]["size"])
LOST_ONE_IN = 10_000
SLOW_SHARE = 0.01


def _burn(task: int, us: float) -> None:
    """+10 % of the 0.31 ms of CPU that a task costs huey/process with one worker."""
    until = time.thread_time() + us / 1e6
    while time.thread_time() < until:
        pass


def _stall(task: int, ms: float) -> None:
    """One task in a hundred waits: the P99 of one worker at load 0.5 grows by a quarter.

    The median hardly moves; the burst has no P99 and stays as it is.
    """
    if (
        _cell["scenario"] == "latency"
        and random.Random(_cell["seed"] * 1_000_003 + task).random() < SLOW_SHARE
    ):
        time.sleep(ms / 1e3)


def _ask(task: int, times: float) -> None:
    """One broker command more per task."""
    for _ in range(int(times)):
        huey.storage.conn.ping()


def _drop(task: int, times: float) -> None:
    """One task in ten thousand never runs, drawn by the cell's seed.

    A burst is shorter than ten thousand.
    """
    if random.Random(_cell["seed"] * 1_000_003 + task).random() < times / LOST_ONE_IN:
        raise CancelExecution(retry=False)


PLANTS: dict[str, tuple[Callable[[int, float], None], float]] = {
    "cpu": (_burn, 31.0),
    "p99": (_stall, 0.95),
    "command": (_ask, 1.0),
    "loss": (_drop, 1.0),
}
MEMORY_MB = 6.5  # +15 % of the 43 MB of a consumer with one worker, which share it by fork
# Every page is touched: memory that nobody has written to is not there.
_ballast = (
    os.urandom(int((_size or MEMORY_MB) * 1e6))
    if _plant == "memory" and "huey_consumer" in sys.argv[0]
    else b""
)

if _plant in PLANTS:
    _change, _usual = PLANTS[_plant]

    @huey.pre_execute()  # type: ignore[untyped-decorator]
    def change(task: Any) -> None:
        """Before each measured task."""
        if task.args and task.args[0] >= 0:
            _change(task.args[0], _size or _usual)
