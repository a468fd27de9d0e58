"""Results, read the same way for every system."""

import time
from collections.abc import Callable
from typing import Any

from bench.inprocess.trials.lab import Observation, timed
from bench.inprocess.trials.trial import System

VALUES: tuple[object, ...] = (5, None, {"a": [1, 2.5, "ä"]})
TEXT = "told you"


def stored(
    system: System, value: Callable[[Any], Any], once_only: Callable[[Any], bool]
) -> Observation:
    """Values that come back; `once_only(handle)`: whether the first one is gone by then."""
    handles = [system.enqueue("echo", each) for each in VALUES]
    system.lab.wait(len(VALUES), "echo")
    return {
        "values": [value(handle) for handle in handles],
        "expected": list(VALUES),
        "once_only": once_only(handles[0]),
    }


def large(
    system: System, finished: Callable[[Any], bool], value: Callable[[Any], Any]
) -> Observation:
    """A result of 1 MiB."""
    handle = system.enqueue("big", 1 << 20)
    system.lab.until(lambda: finished(handle), 6)
    seconds, text = timed(lambda: value(handle))
    same = text == "0123456789abcdef" * (1 << 16)
    return {"bytes": 1 << 20, "same": same, "read_ms": seconds * 1000}


def expiring(before: bool, after: Callable[[], bool], waited_s: float = 2.0) -> Observation:
    """Whether a result that may live for a second is there at first, and later."""
    time.sleep(waited_s)
    return {"ttl_s": 1.0, "waited_s": waited_s, "before": before, "after": after()}


def failure(kind: str, text: str, traceback: object) -> Observation:
    """What the caller gets of a task that failed with the text, a traceback if it has one."""
    return {
        "type": kind,
        "text": text,
        "wanted_type": "ValueError",
        "wanted_text": TEXT,
        "traceback": "in boom" in str(traceback),
    }
