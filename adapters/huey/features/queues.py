"""Trials of Huey's priorities and of several queues."""

from collections.abc import Callable

from huey.exceptions import HueyException

from adapters.huey.features import steps
from bench.inprocess.trials.lab import Lab, Observation, absent, options
from bench.inprocess.trials.priorities import LEVELS, PER_LEVEL, order
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


def _priority(storage: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab, storage=storage, path=str(lab.folder / "huey.sqlite3"))
        steps.consumer(lab, module, "-q")
        module.TASKS["nap"]("busy", 1.5)
        lab.wait(1, "busy:start")
        try:
            for level in LEVELS:
                for _ in range(PER_LEVEL):
                    module.TASKS["touch"]("level", level=level, priority=level)
        except (HueyException, NotImplementedError) as error:
            return {"refused": f"{storage}: {error}"}
        return order(lab)

    return carry_out


for _storage in ("RedisHuey", "PriorityRedisHuey", "SqliteHuey"):
    TRIALS.of("priority.levels", _storage)(_priority(_storage))


@TRIALS.of("queues.routing")
def routing(lab: Lab) -> Observation:
    """A queue is an instance: two of them, a consumer for each."""
    module = steps.app(lab)
    workers = {
        "huey": steps.consumer(lab, module),
        "second": steps.consumer(lab, module, instance="second"),
    }
    for _ in range(20):
        module.TASKS["touch"]("routed", queue="huey")
        module.SECOND["touch"]("routed", queue="second")
    marks = lab.wait(40, "routed")
    return {
        "asked": dict.fromkeys(workers, 20),
        "ran": {
            name: sum(m["queue"] == name and m["pid"] == w.pid for m in marks)
            for name, w in workers.items()
        },
    }


@TRIALS.of("queues.starvation", broker="none")
def starvation(lab: Lab) -> Observation:
    """A consumer serves one instance, and so one queue: no option names queues."""
    return absent(r"queue", {"`huey_consumer --help`": options(lab.run("huey_consumer", "--help"))})
