"""The gate on the command line."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console
from rich.markup import escape

from bench.base.errors import UsageError
from bench.base.streams import in_spite
from bench.commands.options import (
    Adapters,
    Json,
    Label,
    Out,
    Pass,
    Wait,
    WorkloadOption,
    answer,
    app,
    console,
    fields_as_options,
    passed_on,
)
from bench.hosts import lock
from bench.model.systems import load_adapters

if TYPE_CHECKING:
    from bench.analysis.comparison_result import Changes
    from bench.check.check_options import CheckOptions
    from bench.check.gate_file import Settings

Words = list[str]
# What judging recorded blocks takes too.
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


class GateAsked(NamedTuple):
    """What every gate is asked, that of `bench check` and those of tools/gate_lab.

    typer wants literal lists; nothing changes them.
    """

    base: Annotated[
        str | None,
        typer.Option(
            "--base", help=escape("the arm that is known, such as 'celery/default[celery==5.6.2]'")
        ),
    ] = None
    head: Annotated[str | None, typer.Option("--head", help="the arm that is new")] = None
    scenario: Annotated[
        Words, typer.Option("--scenario", help="burst, latency; both unless named, or the workload")
    ] = []  # noqa: RUF012
    case: Annotated[
        Words,
        typer.Option("--case", help="only these cases, such as load=0.5"),
    ] = []  # noqa: RUF012
    fail_on: FailOn = []  # noqa: RUF012
    threshold: Thresholds = []  # noqa: RUF012
    aa: Annotated[bool, typer.Option("--aa", help="base against itself")] = False
    workers: Annotated[
        int | None,
        typer.Option(help="slots of both; one less than `bench run` takes unless told"),
    ] = None
    tasks: Annotated[
        int | None,
        typer.Option(help="tasks of a burst; what the base drains in 2.7 s unless told"),
    ] = None
    seed: Annotated[int | None, typer.Option(help="for the order and the arrivals")] = None
    label: Label = ""
    out: Out = None
    redis: Annotated[
        str | None,
        typer.Option(envvar="QUEUE_BENCH_REDIS", help="an empty Redis database of your own"),
    ] = None
    adapter: Adapters = []  # noqa: RUF012
    passed: Pass = []  # noqa: RUF012
    workload: WorkloadOption = None

    def options(self, stored: "Settings") -> "CheckOptions":
        """The options of a gate that tries no features; what is not asked is as `stored`.

        UsageError where base or head is named in neither, and for a word that is none.
        """
        from bench.check.check_options import CheckOptions, with_standing
        from bench.check.gate_file import metrics, thresholds

        base = self.base or stored.base
        head = self.head or stored.head or (base if self.aa else None)
        if base is None or head is None:
            side = "base" if base is None else "head"
            raise UsageError(
                f"there is no {side}: give --{side} ARM, or {side} = … under [check] in "
                f"bench.toml; `bench list` shows the arms"
            )
        given = CheckOptions(
            base,
            head,
            scenarios=tuple(self.scenario or stored.scenarios),
            cases=tuple(self.case or stored.cases),
            fail_on=metrics(self.fail_on or stored.fail_on),
            thresholds=thresholds(self.threshold, {}),
            aa=self.aa,
            workers=self.workers or stored.workers,
            tasks=self.tasks or stored.tasks,
            seed=self.seed,
            label=self.label,
            out=self.out,
            adapters=tuple(self.adapter),
            servers={"redis": self.redis} if self.redis else {},
            passed=passed_on(self.passed, load_adapters(self.adapter).values()),
            workload=self.workload or (Path(stored.workload) if stored.workload else None),
        )
        return with_standing(given, thresholds((), stored.thresholds))


@app.command()
@fields_as_options
def check(
    asked: GateAsked,
    budget: Annotated[
        str | None, typer.Option("--budget", help="such as 10m, which it is unless told")
    ] = None,
    features: Annotated[
        bool | None,
        typer.Option(
            "--features/--no-features",
            help="whether features are gone: tried first where base and head run different code",
        ),
    ] = None,
    write: Annotated[
        Words,
        typer.Option("--write", metavar="FORMAT=FILE", help="also as junit, markdown, github …"),
    ] = [],  # noqa: B006  (typer wants a literal)
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """The gate: is head slower, fatter or less safe than base?

    0 no, 1 yes, 2 too noisy to tell, 3 tasks lost or doubled, 4 nothing valid.
    """
    from bench.check.gate_file import from_file, seconds

    stored = from_file(Path())
    options = replace(
        asked.options(stored),
        budget_s=seconds(budget or stored.budget),
        features=stored.features if features is None else features,
    )
    # A wrong word need not wait until another bench is through, or all is measured.
    if write:
        from bench.formats.registry import asked_changes

        asked_changes(write)
    out = console(as_json)
    changes = _measured(options, wait, out)
    raise typer.Exit(
        in_spite(
            changes.exit_code,
            lambda: _write(changes, write),
            lambda: show_changes(changes, as_json, out),
        )
    )


def _measured(options: "CheckOptions", wait: bool, out: Console) -> "Changes":
    from bench.check import live_gate
    from bench.check.check_options import planned
    from bench.features.beside_base import features_of
    from bench.run.progress import Live

    planned(options)
    with lock.measuring(wait, out.print):
        live = Live(out)
        with live.bar:
            return live_gate.check(options, features_of, live)


def show_changes(changes: "Changes", as_json: bool, out: Console) -> None:
    """The answer as one JSON document, or for people with the run folder."""
    from bench.check.gate_table import show

    if as_json:
        answer(changes.as_json())
        return
    show(changes, out)
    out.print(f"run folder: {changes.about['folder']}", markup=False, soft_wrap=True)


def _write(changes: "Changes", asked: Words) -> None:
    if asked:
        from bench.formats import registry

        registry.write(changes, asked)
