"""`bench workload check`: each task of a workload once on a system, for real.

The system's own worker runs it, on a broker of its own, as in a cell. Nothing of it is kept.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bench.base.environ import hidden
from bench.base.errors import BenchError, CellFailed, NotOffered, Unavailable, one_line
from bench.brokers.choice import Servers
from bench.inprocess.event_log import FINISHED, RAISED, STARTED
from bench.model.arm import Arm
from bench.model.cell import Cell
from bench.model.schedule import Schedule
from bench.model.stored import Json
from bench.record.documents import read_json
from bench.run import failures
from bench.testbed.testbed import Ending, Testbed
from bench.workload import cell_files
from bench.workload.arrivals import Arrivals
from bench.workload.draws import draw
from bench.workload.needs import not_offered
from bench.workload.task_form import TaskType
from bench.workload.workload_file import WorkloadFile

TOLD = "bench.inprocess.told_call"
AT_MOST_S = 60.0  # for a task without a time limit of its own
AROUND_S = 10.0  # beyond its limit
SLOTS = 1
LOOK_S = 0.02
PATIENCE_S = 5.0  # so long nothing is said of a task that does not end
# A system may run a task again whose process has ended, or find out that it failed.
ENDED_S = 5.0
FILE_S = 1.0  # the first error is written a moment after the event that tells of it

Came = Literal["finished", "failed", "planned", "unfinished", "not_offered", "unavailable"]


@dataclass(frozen=True)
class TaskTrial:
    """What came of one task type on one arm.

    `planned`: it failed because the file's `fails` asks for it. `seconds` of its last run,
    `memory_bytes` that it took beyond what its process had: of a user's function alone. `text` is
    its result as Python writes it, its first error, or why it was not tried.
    """

    task: str
    came: Came
    seconds: float | None = None
    memory_bytes: int | None = None
    text: str = ""

    def as_json(self) -> Json:
        """For --json."""
        return asdict(self)


def try_tasks(
    arm: Arm,
    file: WorkloadFile,
    folder: Path,
    servers: Servers,
    passed: tuple[str, ...],
    progress: Callable[[str, int, int], None],
    say: Callable[[str], None],
) -> list[TaskTrial]:
    """Each task type once on that arm, in the order of the file; `folder` is removed after.

    `say` is told of one that does not end soon, and how long it has.
    What the system lacks for one type keeps no other from being tried.
    """
    lacking = {
        task.name: not_offered(arm, SLOTS, _only(file, [task]).workload) for task in _all(file)
    }
    offered = [task for task in _all(file) if not lacking[task.name]]
    found = {name: TaskTrial(name, "not_offered", text=why) for name, why in lacking.items() if why}
    # Together a system may lack what it has for each of them.
    if offered and (why := not_offered(arm, SLOTS, _only(file, offered).workload)):
        found |= {task.name: TaskTrial(task.name, "not_offered", text=why) for task in offered}
        offered = []
    if offered:
        cell = Cell(
            0,
            "workload",
            "-",
            arm,
            0,
            SLOTS,
            0,
            {"keep_handles": True},
            passed,
            _telling(file, offered),
        )
        try:
            tried = _in_a_cell(cell, _only(file, offered), folder, servers, progress, say)
            found |= {each.task: each for each in tried}
        except Exception as error:
            found |= _without(offered, error)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    secrets = (*passed, *file.workload.code.passed)
    told = [found[task.name] for task in _all(file)]
    return [replace(each, text=hidden(one_line(each.text), secrets)) for each in told]


def _all(file: WorkloadFile) -> Sequence[TaskType]:
    return file.workload.task


def _only(file: WorkloadFile, tasks: Sequence[TaskType]) -> WorkloadFile:
    """The file as if it had these task types alone."""
    return replace(file, workload=file.workload.model_copy(update={"task": tuple(tasks)}))


def _telling(file: WorkloadFile, tasks: Sequence[TaskType]) -> WorkloadFile:
    """The same with functions that tell what they did."""
    calls = [
        task.model_copy(update={"call": f"{TOLD}:task_{kind}"}) if task.call else task
        for kind, task in enumerate(tasks)
    ]
    return _only(file, calls)


def _without(tasks: Sequence[TaskType], error: Exception) -> dict[str, TaskTrial]:
    """What kept all of them from being tried; raised again where it is a fault of ours, or somebody
    must change something first."""
    came: Came = "unfinished"
    match cause := failures.cause(error):
        case NotOffered():
            came, why = "not_offered", str(cause)
        case Unavailable():
            came, why = "unavailable", str(cause)
        case _ if failures.is_ours(cause) or failures.ends_the_run(cause):
            raise cause
        case _:
            why = failures.reason(cause)
    return {task.name: TaskTrial(task.name, came, text=why) for task in tasks}


def _in_a_cell(
    cell: Cell,
    file: WorkloadFile,
    folder: Path,
    servers: Servers,
    progress: Callable[[str, int, int], None],
    say: Callable[[str], None],
) -> list[TaskTrial]:
    """One task after the other, each as soon as the one before has come to its end."""
    tasks = _all(file)
    testbed = Testbed(cell, folder, servers, len(tasks) * 10 * AT_MOST_S, progress)
    with testbed.open():
        _write(testbed.work, cell, file)
        testbed.boot()
        trials: list[TaskTrial] = []
        ender = ""  # the last task that ended its worker
        for kind, task in enumerate(tasks):
            who = f"{cell.arm.name} {task.name}"
            progress(who, kind, len(tasks))
            try:
                trials.append(_tried(testbed, kind, task, who, say, ender))
            except CellFailed:
                # No system is left to try the others on.
                if not (why := _left(testbed.work, kind)):
                    raise
                rest = f"not tried: {task.name} has ended the worker"
                texts = {task.name: why, **{each.name: rest for each in tasks[kind + 1 :]}}
                return [*trials, *(TaskTrial(n, "unfinished", text=w) for n, w in texts.items())]
            ender = task.name if _left(testbed.work, kind) else ender
        testbed.finish(Ending(ask_what_is_held=False))
    return trials


def _write(work: Path, cell: Cell, file: WorkloadFile) -> None:
    """A task of each type, with the first draws and arguments of its own."""
    kinds = np.arange(len(file.workload.task), dtype=np.int16)
    nothing = np.zeros(0, np.int16)
    lines = {name: len(given.sizes) for name, given in file.arguments.items()}
    draws = draw(file.workload, kinds, cell.seed, lines)
    warm = draw(file.workload, nothing, cell.seed, lines)
    arrivals = Arrivals(np.zeros(len(kinds), np.int64), kinds, 0.0)
    (work / "told.json").write_text(
        json.dumps([task.call for task in file.workload.task]), encoding="utf-8"
    )
    assert cell.workload is not None
    cell_files.write(work, cell.workload, arrivals, draws, warm, nothing)


def _tried(
    testbed: Testbed, kind: int, task: TaskType, who: str, say: Callable[[str], None], ender: str
) -> TaskTrial:
    """Send a task and wait until it has finished, or failed as often as it may run.

    `ender` is a task before it that ended its worker, if one did: there may be none any more.
    """
    works = tuple(str(each) for each in range(kind + 1))
    number = np.array([kind])
    testbed.load.send(Schedule(number, np.zeros(1, np.int64), number, works), time.monotonic_ns())
    wait_s = (task.retries + 1) * ((task.limit_s or AT_MOST_S) + AROUND_S)
    started = ended = raised = 0
    for event, stamp in _events(testbed, kind, wait_s, AROUND_S if ender else wait_s, who, say):
        if event == STARTED:
            started = stamp
            continue
        ended, raised = stamp, raised + (event == RAISED)
        if event == FINISHED or raised > task.retries:
            break
    else:
        why = _why_unfinished(testbed, started, kind)
        if ender and not started:
            why = f"no worker has begun it: {ender} had ended one"
        return TaskTrial(task.name, "unfinished", text=why)
    told = _told(testbed.work / f"told-{kind}.json")
    seconds, memory = told.get("seconds", (ended - started) / 1e9), told.get("memory_bytes")
    if event == FINISHED:
        return TaskTrial(task.name, "finished", seconds, memory, str(told.get("result", "")))
    # What the library does with a result comes after the function, and only the tasks tell of it.
    error = _first_error(testbed.work, kind, FILE_S) or str(told.get("error", ""))
    planned = not task.call and task.fails > 0
    return TaskTrial(task.name, "planned" if planned else "failed", seconds, memory, error)


def _events(
    testbed: Testbed,
    task: int,
    wait_s: float,
    begin_s: float,
    who: str,
    say: Callable[[str], None],
) -> Iterator[tuple[int, int]]:
    """(kind, stamp) of each event of a task as they come, for `wait_s`, or `begin_s` if it does not
    begin; sooner over where its run has ended its process and it is not run again."""
    sent = time.monotonic()
    deadline, announce_at = sent + wait_s, sent + PATIENCE_S
    until, starts, known = deadline, 0, 0
    while (now := time.monotonic()) < min(until, deadline if starts else sent + begin_s):
        testbed.fleet.check_alive()
        testbed.load.check_alive()
        for record in testbed.tail.poll():
            if int(record["task"]) == task:
                if int(record["kind"]) == STARTED:
                    starts += 1
                    until = deadline if starts > 1 else until
                yield int(record["kind"]), int(record["stamp"])
        if error := testbed.load.errors().get(task):
            raise BenchError(f"the enqueue call raised {error}")
        if (told := _told_at(testbed.work, task)) > known:
            known = told
            until = min(deadline, now + ENDED_S) if _left(testbed.work, task) else deadline
        if now > announce_at:
            announce_at = deadline
            if (more_s := until - now) > PATIENCE_S:
                say(f"{who} has not ended after {PATIENCE_S:.0f} s, and has {more_s:.0f} s more")
        time.sleep(LOOK_S)


def _told_at(work: Path, kind: int) -> int:
    """When the function last told of itself, in ns; 0 where it has not."""
    path = work / f"told-{kind}.json"
    return path.stat().st_mtime_ns if path.is_file() else 0


def _left(work: Path, kind: int) -> str:
    """What ended the process of a task's last run, where the function itself could tell."""
    told = _told(work / f"told-{kind}.json")
    return f"it raised {told['error']}, which ends its worker" if told.get("ends") else ""


def _why_unfinished(testbed: Testbed, started: int, kind: int) -> str:
    if left := _left(testbed.work, kind):
        return left
    said = _first_error(testbed.work, kind, 0.0)
    if said:
        return f"it raised, and was not run again: {said}"
    return "it began and did not end in time" if started else "no worker has begun it in time"


def _told(path: Path) -> dict[str, Any]:  # as JSON gives it
    return dict(read_json(path)) if path.is_file() else {}


def _first_error(work: Path, kind: int, patience_s: float) -> str:
    """What the worker wrote of the first error of a type; empty where it has written none."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            path = work / f"raised-{kind}.json"
            return str(json.loads(path.read_text(encoding="utf-8", errors="replace"))["error"])
        except (OSError, ValueError):  # not there yet, or half of it
            if time.monotonic() >= deadline:
                return ""
            time.sleep(LOOK_S)
