"""What the commands share: the application, the options that several have, and where words go."""

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.base import Adapter
from bench.analysis import stored_measures
from bench.base import streams
from bench.base.errors import UsageError
from bench.environments.handed_on import not_there, refused_variable
from bench.model import arm, systems
from bench.record.store import Run
from bench.record.stored_features import Features, open_features

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Compare the Python task queues Celery, RQ and Huey, by numbers that can be traced.",
)
Wait = Annotated[
    bool, typer.Option("--wait", help="wait for another bench on this host instead of stopping")
]
FeaturesOption = Annotated[
    Path | None, typer.Option("--features", help="a folder that `bench features` has made")
]
Json = Annotated[
    bool, typer.Option("--json", help="one JSON document on standard output and nothing else there")
]
Pass = Annotated[
    list[str],
    typer.Option(
        "--pass",
        help="a variable that measured processes get too; its name is recorded, its value never",
    ),
]
Runs = Annotated[
    list[str], typer.Argument(metavar="RUN…", help="run folders or ids; several are joined")
]
RunArg = Annotated[
    str, typer.Argument(metavar="RUN", help="a run folder or the id of a run under results/")
]
WorkloadOption = Annotated[
    Path | None,
    typer.Option(
        "--workload",
        metavar="FILE",
        help="a load of your own, for the scenario workload; `bench workload new FILE` writes one",
    ),
]
Adapters = Annotated[
    list[Path],
    typer.Option("--adapter", help="a folder with an adapter of your own (adapter.py and app.py)"),
]


Label = Annotated[str, typer.Option(help="a text that stands in the report")]
Out = Annotated[
    Path | None, typer.Option(help="the run folder itself; results/<run-id> unless told")
]


def fields_as_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose argument `asked`, a named tuple, is typed as one option per field.

    They stand where `asked` stands among the options of the command itself.
    """
    own = inspect.signature(command).parameters
    asked_as = own["asked"].annotation
    fields = inspect.signature(asked_as).parameters
    options = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.items()
        for each in (fields.values() if name == "asked" else [parameter])
    ]

    # Any: what typer has read, of the types that the signature says.
    @functools.wraps(command)
    def called(**given: Any) -> None:
        command(asked=asked_as(**{name: given.pop(name) for name in fields}), **given)

    called.__annotations__ = {each.name: each.annotation for each in options}
    called.__dict__["__signature__"] = inspect.Signature(options)
    return called


def console(quiet: bool = False) -> Console:
    """Where words for people go: standard error when standard output is for a machine."""
    return Console(stderr=quiet, highlight=False)


def answer(value: Any) -> None:
    """The one JSON document: UTF-8, and ASCII with escapes where standard output is none.

    Any: whatever can be written as JSON.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False)
    sys.stdout.write((text if streams.utf8(text) else json.dumps(value, indent=1)) + "\n")


def given_features(folder: Path | None) -> Features | None:
    """The features in the folder of --features; None without that option."""
    return None if folder is None else open_features(folder)


def passed_on(names: list[str], adapters: Iterable[Adapter]) -> tuple[str, ...]:
    """The variables to hand on, sorted.

    UsageError for one that is not there, is ours, or steers a system.
    """
    steering = systems.read_by(adapters)
    for text in names:
        name, equals, _ = text.partition("=")
        if equals or not name:
            fault = "give the name of a variable alone, and export its value"
        else:
            fault = refused_variable(name, steering) or not_there(name)
        if fault:
            raise UsageError(f"--pass {name}: {fault}")
    return tuple(sorted(set(names)))


def find_run(name: str) -> Path:
    """The folder of a run given by path or id; UsageError with the nearest id if there is none."""
    for path in (Path(name), Path("results") / name):
        if path.is_dir():
            return path
    ids = [path.parent.name for path in Path("results").glob("**/run.json")]
    raise (
        arm.nearest(name, ids, "run")
        if ids
        else UsageError(f"there is no run {name!r}: `bench run` makes one")
    )


def open_runs(names: Iterable[str]) -> list[Run]:
    """The stored runs given by path or id, with their measures."""
    return [stored_measures.open_measured(find_run(name)) for name in names]
