"""`bench workload check`: a workload file on every system for a moment, and what it would ask."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.base import environ
from bench.base.errors import EXIT_INVALID, EXIT_OK, EXIT_USAGE
from bench.brokers import choice
from bench.environments.user_code import provisioned, refuse_unusable_code
from bench.hosts.local import Host
from bench.hosts.machine import slots
from bench.model.arm import Arm
from bench.model.stored import Json
from bench.model.systems import read_by
from bench.run.workload_trial import TaskTrial, try_tasks
from bench.workload.arrivals import arrive
from bench.workload.demand import Demand, demand, sentences
from bench.workload.draws import draw
from bench.workload.workload_file import WorkloadFile

SEED = 0  # any will do: what is said of the demand is rounded
Trials = Mapping[str, Sequence[TaskTrial]]  # by arm


def check(
    arms: Sequence[Arm],
    file: WorkloadFile,
    servers: choice.Servers,
    passed: tuple[str, ...],
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None],
    tried: Callable[[str, Sequence[TaskTrial]], None] = lambda arm, trials: None,
) -> dict[str, list[TaskTrial]]:
    """Each task type once on each arm; `tried` is told of an arm as soon as it is through.

    UsageError for a function that cannot be called, before any system is started.
    """
    environ.take_out(read_by(arm.adapter for arm in arms), (*passed, *file.workload.code.passed))
    choice.check(arms, servers)
    made = provisioned(arms, file, say, passed)
    refuse_unusable_code(made, file, passed)
    found = {}
    # A keeper removes its folder however this process ends.
    with Host(Path(tempfile.mkdtemp(prefix="queue-bench-try-"))) as host:
        for arm in made:
            folder = host.folder / "cell"
            found[arm.name] = try_tasks(arm, file, folder, servers, passed, progress, say)
            tried(arm.name, found[arm.name])
    return found


def exit_code(trials: Trials) -> int:
    """64 where a task of the user's failed, 4 where one did not end or none was tried, else 0."""
    came = {trial.came for each in trials.values() for trial in each}
    if "failed" in came:
        return EXIT_USAGE
    tried = came & {"finished", "planned"}
    return EXIT_INVALID if "unfinished" in came or not tried else EXIT_OK


def demand_of(file: WorkloadFile) -> Demand:
    """What the whole load asks for, as it would be drawn."""
    workload = file.workload
    arrivals = arrive(workload, SEED, file.trace)
    lines = {name: len(given.sizes) for name, given in file.arguments.items()}
    drawn = draw(workload, arrivals.kinds, SEED, lines)
    return demand(workload, arrivals, drawn, file.arguments)


def demand_lines(told: Demand, trials: Trials) -> Iterator[str]:
    """The demand in words, with what the user's functions took, beside what this machine has."""
    yield from sentences(told)
    cores = slots()
    busy = 0.0
    for each in told.types:
        took = _seconds(trials, each.name)
        if each.busy_s is None and took is not None:
            busy += each.arrivals * took
            yield (
                f"{each.name} took {took * 1000:.3g} ms here: {each.arrivals * took:,.1f} s busy "
                "in all"
            )
    if busy and told.seconds:
        yield f"your functions would keep {busy / told.seconds:.2f} slots busy on average"
    if told.seconds and told.total("cpu_s") / told.seconds > cores:
        yield f"this machine has {cores} cores: no system can keep up with that here"


def _seconds(trials: Trials, task: str) -> float | None:
    """The median over the arms of what that task took."""
    took = [
        trial.seconds
        for each in trials.values()
        for trial in each
        if trial.task == task and trial.came == "finished" and trial.seconds is not None
    ]
    return median(took) if took else None


def as_document(file: WorkloadFile, trials: Trials, told: Demand) -> Json:
    """For --json."""
    return {
        "file": str(file.path),
        "digest": file.digest,
        "tasks": {arm: [trial.as_json() for trial in each] for arm, each in trials.items()},
        "demand": {
            "seconds": told.seconds,
            "arrivals": told.arrivals,
            "busiest": told.busiest,
            "types": [dict(vars(each)) for each in told.types],
            "sentences": list(demand_lines(told, trials)),
        },
        "exit": exit_code(trials),
    }
