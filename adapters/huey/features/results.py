"""Trials of Huey's results and storages."""

import time
from collections.abc import Callable
from typing import Any

from huey.exceptions import TaskException

from adapters.huey.features import steps
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
VALUES: tuple[Any, ...] = (5, None, {"a": [1, 2.5, "ä"]})


def _got(result: Any) -> Any:
    try:
        return result.get(blocking=True, timeout=2)
    except steps.TimedOut:
        return "nothing"


def _store(storage: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab, storage=storage, path=str(lab.folder / "storage"))
        if storage != "MemoryHuey":
            steps.consumer(lab, module)
        else:
            module.huey.immediate = True  # a memory storage lives in one process
        results = [module.TASKS["echo"](value) for value in VALUES]
        lab.wait(len(VALUES), "echo")
        values = [_got(result) for result in results]
        return {
            "values": values,
            "expected": list(VALUES),
            "once_only": module.huey.result(results[0].id) is None,
        }

    return carry_out


for _storage, _broker in (
    ("RedisHuey", "redis"),
    ("SqliteHuey", "none"),
    ("FileHuey", "none"),
    ("MemoryHuey", "none"),
):
    TRIALS.of("results.store", _storage, broker=_broker)(_store(_storage))


@TRIALS.of("results.large")
def large(lab: Lab) -> Observation:
    """A result of 1 MiB."""
    module = steps.app(lab)
    steps.consumer(lab, module)
    result = module.TASKS["big"](1 << 20)
    lab.until(lambda: module.huey.get(result.id, peek=True) is not None, 6)
    began = time.perf_counter()
    value = _got(result)
    return {
        "bytes": 1 << 20,
        "same": value == "0123456789abcdef" * (1 << 16),
        "read_ms": (time.perf_counter() - began) * 1000,
    }


def _expiry(storage: str, options: dict[str, Any]) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab, storage=storage, options=options)
        steps.consumer(lab, module)
        result = module.TASKS["add"](2, 3)
        before = result.get(blocking=True, timeout=5, preserve=True) == 5
        time.sleep(2.5)
        return {
            "ttl_s": 1.0,
            "waited_s": 2.5,
            "before": before,
            "after": module.huey.result(result.id, preserve=True) is not None,
        }

    return carry_out


TRIALS.of("results.expiry", "RedisExpireHuey")(_expiry("RedisExpireHuey", {"expire_time": 1}))


@TRIALS.of("results.exception")
def exception(lab: Lab) -> Observation:
    """Which exception `get` raises for a task that failed."""
    module = steps.app(lab)
    steps.consumer(lab, module)
    result = module.TASKS["boom"]("told you")
    observation: Observation = {"wanted_type": "ValueError", "wanted_text": "told you"}
    try:
        return {
            **observation,
            "type": "no exception",
            "text": repr(result.get(blocking=True, timeout=5)),
            "traceback": False,
        }
    except TaskException as error:
        return {
            **observation,
            "type": type(error).__name__,
            "text": str(error),
            "traceback": "in boom" in str(error.metadata.get("traceback")),
        }
