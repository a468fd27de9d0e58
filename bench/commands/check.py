"""The gate on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bench.base.ending import in_spite
from bench.base.errors import UsageError
from bench.commands.options import Adapters, Json, Pass, Wait, answer, app, console, passed_on
from bench.hosts import lock
from bench.model.systems import load_adapters

if TYPE_CHECKING:
    from bench.analysis.comparison_result import Changes
    from bench.check.check_options import CheckOptions
    from bench.check.gate_file import Settings

Words = list[str]
# What tools/gate_lab takes too stands here once.
Base = Annotated[
    str | None,
    typer.Option(
        "--base", help=escape("the arm that is known, such as 'celery/default[celery==5.6.2]'")
    ),
]
Head = Annotated[str | None, typer.Option("--head", help="the arm that is new")]
Scenarios = Annotated[Words, typer.Option("--scenario", help="burst, latency; both unless named")]
Cases = Annotated[Words, typer.Option("--case", help="only these cases, such as load=0.5")]
Budget = Annotated[
    str | None, typer.Option("--budget", help="such as 10m, which it is unless told")
]
FailOn = Annotated[
    Words,
    typer.Option(
        "--fail-on", metavar="METRIC", help="judge these alone; lost and doubled tasks always count"
    ),
]
Thresholds = Annotated[
    Words,
    typer.Option(
        "--threshold",
        metavar="METRIC=5%",
        help="a change must be larger than this; the tie zone unless told",
    ),
]
AgainstItself = Annotated[bool, typer.Option("--aa", help="base against itself")]
Workers = Annotated[
    int | None, typer.Option(help="slots of both; one less than `bench run` takes unless told")
]
Tasks = Annotated[
    int | None, typer.Option(help="tasks of a burst; what the base drains in 2.7 s unless told")
]
Seed = Annotated[int | None, typer.Option(help="for the order and the arrivals")]
FeaturesToo = Annotated[
    bool | None,
    typer.Option(
        "--features/--no-features",
        help="whether features are gone: tried first where base and head run different code",
    ),
]
Label = Annotated[str, typer.Option(help="a text that stands in the report")]
Out = Annotated[
    Path | None, typer.Option(help="the run folder itself; results/<run-id> unless told")
]
Redis = Annotated[
    str | None, typer.Option(envvar="QUEUE_BENCH_REDIS", help="an empty Redis database of your own")
]
Write = Annotated[
    Words, typer.Option("--write", metavar="FORMAT=FILE", help="also as junit, markdown, github …")
]


@app.command()
def check(
    base: Base = None,
    head: Head = None,
    scenario: Scenarios = [],  # noqa: B006  (typer wants a literal)
    case: Cases = [],  # noqa: B006
    budget: Budget = None,
    fail_on: FailOn = [],  # noqa: B006
    threshold: Thresholds = [],  # noqa: B006
    aa: AgainstItself = False,
    workers: Workers = None,
    tasks: Tasks = None,
    seed: Seed = None,
    features: FeaturesToo = None,
    label: Label = "",
    out: Out = None,
    redis: Redis = None,
    adapter: Adapters = [],  # noqa: B006
    write: Write = [],  # noqa: B006
    passed: Pass = [],  # noqa: B006
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """The gate: is head slower, fatter or less safe than base?

    0 no, 1 yes, 2 too noisy to tell, 3 tasks lost or doubled, 4 nothing valid.
    """
    from bench.check.check_options import CheckOptions
    from bench.check.gate_file import from_file, metrics, seconds, thresholds

    stored = from_file(Path())
    base_arm, head_arm = arms_asked(base, head, aa, stored)
    options = CheckOptions(
        base_arm,
        head_arm,
        scenarios=tuple(scenario or stored.scenarios),
        cases=tuple(case or stored.cases),
        budget_s=seconds(budget or stored.budget),
        fail_on=metrics(fail_on or stored.fail_on),
        thresholds=thresholds(threshold, stored.thresholds),
        aa=aa,
        features=stored.features if features is None else features,
        workers=workers or stored.workers,
        tasks=tasks or stored.tasks,
        seed=seed,
        label=label,
        out=out,
        adapters=tuple(adapter),
        servers={"redis": redis} if redis else {},
        passed=passed_on(passed, load_adapters(adapter).values()),
    )
    raise typer.Exit(_carried_out(options, write, wait, as_json))


def arms_asked(base: str | None, head: str | None, aa: bool, stored: "Settings") -> tuple[str, str]:
    """Base and head from the options, else from bench.toml.

    UsageError where one of them is named in neither.
    """
    if (base := base or stored.base) is None:
        raise _not_named("base")
    if (head := head or stored.head or (base if aa else None)) is None:
        raise _not_named("head")
    return base, head


def _not_named(side: str) -> UsageError:
    return UsageError(
        f"there is no {side}: give --{side} ARM, or {side} = … under [check] in bench.toml; "
        f"`bench list` shows the arms"
    )


def show_changes(changes: "Changes", as_json: bool, out: Console) -> None:
    """The answer as one JSON document, or for people with the run folder."""
    from bench.check.gate_table import show

    if as_json:
        answer(changes.as_json())
        return
    show(changes, out)
    out.print(f"run folder: {changes.about['folder']}", markup=False, soft_wrap=True)


def _carried_out(options: "CheckOptions", write: Words, wait: bool, as_json: bool) -> int:
    from bench.check import live_gate
    from bench.check.check_options import planned
    from bench.features.beside_base import features_of
    from bench.run.progress import Live

    written = _formats(write)
    out = console(as_json)
    planned(options)  # a wrong word need not wait until another bench is through
    with lock.measuring(wait, out.print):
        live = Live(out)
        with live.bar:
            changes = live_gate.check(options, features_of, live)
    return in_spite(
        changes.exit_code,
        lambda: written(changes),
        lambda: show_changes(changes, as_json, out),
    )


def _formats(write: Words) -> Callable[["Changes"], None]:
    """What writes the answer for other tools; bad words are found before anything is measured."""
    if not write:
        return lambda changes: None
    from bench.formats import registry

    registry.asked_changes(write)

    def written(changes: "Changes") -> None:
        registry.write(changes, write)

    return written
