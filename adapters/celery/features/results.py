"""Trials of Celery's results and back ends."""

import time
from collections.abc import Callable
from typing import Any

from adapters.celery.features import steps
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
VALUES: tuple[Any, ...] = (5, None, {"a": [1, 2.5, "ä"]})


def _store(backend: Callable[[Lab], str]) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        from celery.exceptions import TimeoutError as TooLong

        module = steps.app(lab, backend=backend(lab))
        steps.worker(lab, module)
        results = [module.task("echo").delay(value) for value in VALUES]
        lab.wait(len(VALUES), "echo")
        values: list[Any] = []
        for result in results:
            try:
                values.append(result.get(timeout=2))
            except TooLong:
                values.append("nothing")
        again = module.app.AsyncResult(results[0].id)
        return {
            "values": values,
            "expected": list(VALUES),
            "once_only": not lab.until(lambda: bool(again.ready()), 0.3),
        }

    return carry_out


def _file(lab: Lab) -> str:
    folder = lab.folder / "results"
    folder.mkdir()
    return f"file://{folder}"


TRIALS.of("results.store", "redis")(_store(lambda lab: "same"))
TRIALS.of("results.store", "rpc on RabbitMQ", broker="rabbitmq")(_store(lambda lab: "rpc://"))
TRIALS.of("results.store", "database (SQLite)", packages=("sqlalchemy",))(
    _store(lambda lab: f"db+sqlite:///{lab.folder}/results.sqlite3")
)
TRIALS.of("results.store", "file")(_store(_file))
TRIALS.of("results.store", "memory")(_store(lambda lab: "cache+memory://"))


@TRIALS.of("results.large")
def large(lab: Lab) -> Observation:
    """A result of 1 MiB."""
    module = steps.app(lab)
    steps.worker(lab, module)
    result = module.task("big").delay(1 << 20)
    lab.until(lambda: bool(result.ready()), 6)
    began = time.perf_counter()
    value = result.get(timeout=5)
    return {
        "bytes": 1 << 20,
        "same": value == "0123456789abcdef" * (1 << 16),
        "read_ms": (time.perf_counter() - began) * 1000,
    }


@TRIALS.of("results.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `result_expires`."""
    module = steps.app(lab, result_expires=1)
    steps.worker(lab, module)
    result = module.task("add").delay(2, 3)
    before = result.get(timeout=5) == 5
    time.sleep(2.0)
    return {
        "ttl_s": 1.0,
        "waited_s": 2.0,
        "before": before,
        "after": module.app.AsyncResult(result.id).state != "PENDING",
    }


@TRIALS.of("results.exception")
def exception(lab: Lab) -> Observation:
    """Which exception `get` raises for a task that failed."""
    module = steps.app(lab)
    steps.worker(lab, module)
    result = module.task("boom").delay("told you")
    error = result.get(timeout=5, propagate=False)
    observation = {
        "type": type(error).__name__,
        "text": str(error),
        "wanted_type": "ValueError",
        "wanted_text": "told you",
    }
    return {**observation, "traceback": "in boom" in str(result.traceback)}
