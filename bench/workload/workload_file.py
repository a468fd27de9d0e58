"""Reading a workload file: whatever is wrong with it is one line, with the file and its line."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.base.errors import UsageError, one_line
from bench.model import requirements
from bench.model.arm import nearest
from bench.model.stored import Record
from bench.workload.args_file import Arguments, read_arguments
from bench.workload.arrival_form import (
    KINDS,
    MOST_ARRIVALS,
    TraceArrivals,
    kind_of,
)
from bench.workload.quantities import MOST_SECONDS
from bench.workload.task_form import SYNTHETIC, Amount, Code, TaskType
from bench.workload.text_files import NoFile
from bench.workload.toml_lines import Place, known_part, line_of, read_toml
from bench.workload.toml_words import in_words
from bench.workload.trace_file import Trace, read_trace
from bench.workload.workload_form import Bounds, Objective, Workload

TEMPLATE = Path(__file__).parent / "template.toml"  # package data: what `workload new` writes

LONGEST = 400  # of what is said of a fault: a value may be a page of text
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
    text, document = read_toml(path)
    try:
        for misfit in _shape_misfits(document):
            raise _Refused(*misfit)
        workload = _validated(document)
        for misfit in _misfits(workload, path.parent):
            raise _Refused(*misfit)
        trace, arguments = _trace(workload, path.parent), _arguments(workload, path.parent)
    except _Refused as refused:
        line = line_of(text, refused.place)
        raise UsageError(f"{path}:{line}: {one_line(refused.what)[:LONGEST]}") from None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return WorkloadFile(path, digest, workload, trace, arguments)


def _trace(workload: Workload, folder: Path) -> Trace | None:
    """The trace of a file that names one; UsageError with its line for a fault in it."""
    arrivals = workload.arrivals
    if not isinstance(arrivals, TraceArrivals):
        return None
    try:
        trace = read_trace(folder / arrivals.trace, workload.names)
    except NoFile as error:
        raise _Refused(("arrivals", "trace"), str(error)) from None
    if (seconds := float(trace.seconds[-1]) / arrivals.speed) > MOST_SECONDS:
        played = "speed" if "speed" in arrivals.model_fields_set else "trace"
        raise _Refused(
            ("arrivals", played),
            f"the trace lasts {seconds:,.0f} s, and {MOST_SECONDS:,} s are the most: "
            "take a part of it, or play it faster",
        )
    return trace


def _arguments(workload: Workload, folder: Path) -> dict[str, Arguments]:
    """The files of arguments by task name; UsageError with file and line for a fault in one."""
    found: dict[str, Arguments] = {}
    for number, task in enumerate(workload.task):
        try:
            if task.args:
                found[task.name] = read_arguments(folder / task.args)
        except NoFile as error:
            raise _Refused(("task", number, "args"), str(error)) from None
    return found


class _Refused(Exception):
    """A fault at a place whose line is not yet known."""

    def __init__(self, place: Place, what: str) -> None:
        self.place, self.what = place, what


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


def _validated(document: Mapping[str, Any]) -> Workload:
    try:
        return Workload.model_validate(document)
    except ValidationError as error:
        # A misspelt key first: what it was meant to be is missing too.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        place, word = known_part(document, first["loc"]), str(first["loc"][-1])
        where = ".".join(step for step in place if isinstance(step, str))
        if first["type"] == "extra_forbidden":
            table = _table_of(place[:-1]) or "the file"
            what = str(nearest(word, _keys(place[:-1], document), f"key of {table}"))
        elif first["type"] == "missing":
            what = f"{word} is missing" + (f" in {_table_of(place)}" if place else "")
        else:
            what = f"{where}: {in_words(first)}"
        raise _Refused(place, what) from None


def _table_of(place: Place) -> str:
    """A table as it is written in the file; empty for its top."""
    names = ".".join(step for step in place if isinstance(step, str))
    return f"[[{names}]]" if names == "task" else f"[{names}]" if names else ""


def _keys(table: Place, document: Mapping[str, Any]) -> Iterable[str]:
    """The keys that a table may have."""
    match table:
        case ():
            form: type[Record] = Workload
        case ("task", _):
            form = TaskType
        case ("arrivals",):
            form = KINDS[kind_of(document["arrivals"])]
        case ("code",):
            form = Code
        case ("objective",):
            form = Objective
        case ("objective", *_):
            form = Bounds
        case _:
            form = Amount
    return [each.alias or name for name, each in form.model_fields.items()]


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
