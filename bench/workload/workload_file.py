"""Reading a workload file: whatever is wrong with it is one line, with the file and its line."""

import hashlib
import re
import tomllib
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
from bench.workload.arrival_form import KINDS, MOST_ARRIVALS, TraceArrivals, kind_of
from bench.workload.task_form import SYNTHETIC, Amount, Code, TaskType
from bench.workload.text_files import opened
from bench.workload.toml_lines import Place, known_part, line_of
from bench.workload.trace_file import Trace, read_trace
from bench.workload.workload_form import Bounds, Objective, Workload

TEMPLATE = Path(__file__).parent / "template.toml"  # package data: what `workload new` writes

_NO_TOML = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")
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
    with opened(path) as file:
        text = file.read()
    document = _parsed(text, path)
    try:
        for misfit in _shape_misfits(document):
            raise _Refused(*misfit)
        workload = _validated(document)
        for misfit in _misfits(workload, path.parent):
            raise _Refused(*misfit)
    except _Refused as refused:
        line = line_of(text, refused.place)
        raise UsageError(f"{path}:{line}: {one_line(refused.what)}") from None
    arrivals = workload.arrivals
    return WorkloadFile(
        path,
        hashlib.sha256(text.encode()).hexdigest(),
        workload,
        read_trace(path.parent / arrivals.trace, workload.names)
        if isinstance(arrivals, TraceArrivals)
        else None,
        {t.name: read_arguments(path.parent / t.args) for t in workload.task if t.args},
    )


class _Refused(Exception):
    """A fault at a place whose line is not yet known."""

    def __init__(self, place: Place, what: str) -> None:
        self.place, self.what = place, what


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = _NO_TOML.fullmatch(str(error))
        what = told["what"] if told else str(error)
        line = (told and told["line"]) or text.rstrip("\n").count("\n") + 1
        raise UsageError(f"{path}:{line}: this is not TOML: {what}") from None


def _shape_misfits(document: Mapping[str, Any]) -> Iterator[Misfit]:
    """Brackets that are too few or too many, and an unknown kind of arrivals."""
    if not isinstance(document.get("task", []), list):
        yield ("task",), "write [[task]] with two brackets: there may be several"
    for name in ("arrivals", "code", "objective"):
        if not isinstance(document.get(name, {}), dict):
            yield (name,), f"write [{name}] with one bracket and keys below it"
    arrivals = document.get("arrivals", {})
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
            message = first["msg"]
            ours = message.removeprefix("Value error, ")
            what = f"{where}: {ours if ours != message else message[:1].lower() + message[1:]}"
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
    if any(task.call for task in workload.task) and not (folder / workload.code.path).is_dir():
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
