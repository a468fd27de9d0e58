"""The files of a workload in the work folder of a cell: what its processes know of it.

`workload.json` has the task types, `draws.bin` a row of eight little-endian int64 per task (the
columns of ROW), `args-I.jsonl` the arguments of type I. bench/inprocess/workload_tasks.py and
workload_messages.py read them.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError
from bench.base.text_files import opened
from bench.workload.arrivals import Arrivals, Kinds
from bench.workload.draws import TaskDraws
from bench.workload.needs import routes_of
from bench.workload.workload_file import WorkloadFile

ROW = (
    *("sleep_ns", "cpu_ns", "memory_bytes", "payload_bytes", "result_bytes", "failing_runs"),
    *("line", "kind"),
)
CHUNK = 65_536  # rows at a time: 4 MiB, however many arrivals there are
ROUNDS = 2


def warm_kinds(types: int, slots: int) -> Kinds:
    """The types of the tasks that warm the workers up, (rounds × types × slots,).

    Of each type as many at a time as there are slots, so that each slot has one, and all twice.
    Their ids count up from FIRST_WARM_TASK.
    """
    return np.tile(np.repeat(np.arange(types, dtype=np.int16), slots), ROUNDS)


def code_path(file: WorkloadFile) -> str:
    """The folder of the user's code, absolute; empty where no task calls a function."""
    if not any(task.call for task in file.workload.task):
        return ""
    return str((file.path.parent / file.workload.code.path).resolve())


def write_types(work: Path, file: WorkloadFile, tasks: int = 0) -> None:
    """Write what app modules need when they are imported; `tasks` may follow later."""
    types = [
        {
            "name": task.name,
            "call": task.call,
            "args": f"args-{kind}.jsonl" if task.args else None,
            "queue": route.queue or None,
            "priority": route.priority or None,
            "retries": task.retries,
            "limit_s": task.limit_s,
        }
        for kind, (task, route) in enumerate(
            zip(file.workload.task, routes_of(file.workload), strict=True)
        )
    ]
    what = {
        "tasks": tasks,
        "code": code_path(file),
        "pass": list(file.workload.code.passed),
        "types": types,
    }
    part = work / "workload.json.part"
    part.write_text(json.dumps(what), encoding="utf-8")
    os.replace(part, work / "workload.json")


def write(
    work: Path,
    file: WorkloadFile,
    arrivals: Arrivals,
    draws: TaskDraws,
    warm: TaskDraws,
    warm_kinds: Kinds,
) -> None:
    """Write all that is sent with the tasks, those of the warm-up behind the others.

    It must be there before the first task that is not the no-op. UsageError where a file of
    arguments is no longer what it was when the workload was read.
    """
    for kind, task in enumerate(file.workload.task):
        if task.args:
            _copy_arguments(file, task.name, work / f"args-{kind}.jsonl")
    part = work / "draws.bin.part"
    with open(part, "wb") as out:
        for drawn, kinds in ((draws, arrivals.kinds), (warm, warm_kinds)):
            for first in range(0, len(kinds), CHUNK):
                out.write(_rows(drawn, kinds, slice(first, first + CHUNK)).tobytes())
    os.replace(part, work / "draws.bin")
    write_types(work, file, len(arrivals))


def _rows(draws: TaskDraws, kinds: Kinds, part: slice) -> npt.NDArray[np.int64]:
    """Some of the tasks, (rows, 8)."""
    columns = [kinds if name == "kind" else getattr(draws, name) for name in ROW]
    return np.column_stack([column[part].astype("<i8") for column in columns])


def _copy_arguments(file: WorkloadFile, name: str, target: Path) -> None:
    """The lines as they were counted, without a byte order mark and with plain ends."""
    known, digest = file.arguments[name], hashlib.sha256()
    with opened(known.path) as lines, open(target, "w", encoding="utf-8", newline="") as out:
        for line in lines:
            digest.update(line.encode())
            out.write(line.strip() + "\n")
    if digest.hexdigest() != known.digest:
        raise UsageError(f"{known.path} has changed since it was read: start again")
