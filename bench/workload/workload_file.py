"""Reading a workload file: whatever is wrong with it is one line, with the file and its line."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.base.errors import UsageError
from bench.base.text_files import NoFile
from bench.base.toml_file import TomlFile, read_toml
from bench.base.toml_lines import Place
from bench.model import requirements
from bench.model.arm import nearest
from bench.model.stored import Record
from bench.model.toml_form import validated
from bench.workload.args_file import Arguments, read_arguments
from bench.workload.arrival_form import (
    KINDS,
    MOST_ARRIVALS,
    TraceArrivals,
    kind_of,
)
from bench.workload.quantities import MOST_SECONDS
from bench.workload.task_form import SYNTHETIC, Amount, Code, TaskType
from bench.workload.trace_file import Trace, read_trace
from bench.workload.workload_form import Bounds, Objective, Workload

TEMPLATE = Path(__file__).parent / "template.toml"  # package data: what `workload new` writes

Misfit = tuple[Place, str]
"""A place in the document, and what is wrong there."""


@dataclass(frozen=True)
class WorkloadFile:
    """A workload, and what lies beside it: paths in the file count from the file's own folder.

    `digest` is that of the file's text; `arguments` are by task name.
    """

    path: Path
    digest: str
    workload: Workload
    trace: Trace | None = None
    arguments: Mapping[str, Arguments] = field(default_factory=dict)


def read_workload(path: Path) -> WorkloadFile:
    """Read and check a file with all that it names; UsageError with file and line for any fault.

    Nothing is imported and nothing runs: whether a function is there, its worker will tell.
    """
    file = read_toml(path)
    for misfit in _shape_misfits(file.document):
        raise file.refusal(*misfit)
    workload = validated(file, Workload, partial(_form_of, document=file.document))
    for misfit in _misfits(workload, path.parent):
        raise file.refusal(*misfit)
    digest = hashlib.sha256(file.text.encode()).hexdigest()
    trace, arguments = _trace(file, workload), _arguments(file, workload)
    return WorkloadFile(path, digest, workload, trace, arguments)


def _trace(file: TomlFile, workload: Workload) -> Trace | None:
    """The trace of a file that names one; UsageError with its line for a fault in it."""
    arrivals = workload.arrivals
    if not isinstance(arrivals, TraceArrivals):
        return None
    try:
        trace = read_trace(file.path.parent / arrivals.trace, workload.names)
    except NoFile as error:
        raise file.refusal(("arrivals", "trace"), str(error)) from None
    if (seconds := float(trace.seconds[-1]) / arrivals.speed) > MOST_SECONDS:
        played = "speed" if "speed" in arrivals.model_fields_set else "trace"
        raise file.refusal(
            ("arrivals", played),
            f"the trace lasts {seconds:,.0f} s, and {MOST_SECONDS:,} s are the most: "
            "take a part of it, or play it faster",
        )
    return trace


def _arguments(file: TomlFile, workload: Workload) -> dict[str, Arguments]:
    """The files of arguments by task name; UsageError with file and line for a fault in one."""
    found: dict[str, Arguments] = {}
    for number, task in enumerate(workload.task):
        try:
            if task.args:
                found[task.name] = read_arguments(file.path.parent / task.args)
        except NoFile as error:
            raise file.refusal(("task", number, "args"), str(error)) from None
    return found


def _shape_misfits(document: Mapping[str, Any]) -> Iterator[Misfit]:
    """Brackets that are too few or too many, and an unknown kind of arrivals."""
    if not isinstance(document.get("task", []), list):
        yield ("task",), "write [[task]] with two brackets: there may be several"
    for name in ("arrivals", "code", "objective"):
        if not isinstance(document.get(name, {}), dict):
            yield (name,), f"write [{name}] with one bracket and keys below it"
    arrivals = document.get("arrivals", {})
    if not isinstance(arrivals.get("kind", ""), str):
        yield ("arrivals", "kind"), f"write it as a text: {', '.join(KINDS)}"
    if (kind := kind_of(arrivals)) not in KINDS:
        yield ("arrivals", "kind"), str(nearest(kind, KINDS, "kind of arrivals"))


def _form_of(table: Place, document: Mapping[str, Any]) -> type[Record]:
    """The form of each table that a workload file may have."""
    match table:
        case ():
            return Workload
        case ("task", _):
            return TaskType
        case ("arrivals",):
            return KINDS[kind_of(document["arrivals"])]
        case ("code",):
            return Code
        case ("objective",):
            return Objective
        case ("objective", *_):
            return Bounds
        case _:
            return Amount


def _misfits(workload: Workload, folder: Path) -> Iterator[Misfit]:
    """What only several keys together can tell."""
    for number, task in enumerate(workload.task):
        yield from ((("task", number, *place), what) for place, what in _task_misfits(task))
        if task.name in workload.names[:number]:
            yield ("task", number, "name"), f"there are two tasks {task.name!r}: rename one"
    yield from _share_misfits(workload)
    for name in workload.objective.task:
        if name not in workload.names:
            yield ("objective", "task", name), str(nearest(name, workload.names, "task"))
    if not os.path.isdir(folder / workload.code.path):
        yield ("code", "path"), f"there is no folder {folder / workload.code.path}"
    if workload.code.requirements:
        try:
            requirements.parse(", ".join(workload.code.requirements), "[code]")
        except UsageError as error:
            yield ("code", "requirements"), str(error)
    if not isinstance(workload.arrivals, TraceArrivals):
        expected = sum(step.arrivals for step in workload.arrivals.stretches)
        if not 1 <= expected <= MOST_ARRIVALS:
            yield (
                ("arrivals",),
                f"these are {expected:,.1f} arrivals: make it 1 to {MOST_ARRIVALS:,}",
            )


def _task_misfits(task: TaskType) -> Iterator[Misfit]:
    """A task is the user's function or a synthetic one."""
    for key in SYNTHETIC if task.call else ():
        if key in task.model_fields_set:
            yield (key,), f"{key} is of a synthetic task, and call a function of yours: drop one"
    if task.args and not task.call:
        yield ("args",), "args are of a function: name it by call"


def _share_misfits(workload: Workload) -> Iterator[Misfit]:
    """Where the file draws the task types, each has a share, and not all are 0."""
    shares = [task.share for task in workload.task]
    if isinstance(workload.arrivals, TraceArrivals) and shares.count(None) == len(shares):
        return
    for number, share in enumerate(shares):
        if share is None and len(shares) > 1:
            yield ("task", number), f"{workload.names[number]} has no share of the arrivals"
    if shares.count(0.0) == len(shares):
        yield ("task", 0, "share"), "the shares add up to nothing: give one that is above 0"
