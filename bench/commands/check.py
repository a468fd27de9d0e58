"""The gate on the command line: live, recorded, replayed, simulated."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from bench.base.ending import in_spite
from bench.base.errors import EXIT_OK, UsageError
from bench.base.output import refuse_unwritable
from bench.commands.options import Adapters, Json, Pass, Wait, answer, app, console, passed_on
from bench.hosts import lock
from bench.model.arm import load_adapters

if TYPE_CHECKING:
    from bench.analysis.comparison_result import Changes
    from bench.check.looks import Course
    from bench.check.replay import Tally

Words = list[str]


@app.command()
def check(
    base: Annotated[
        str | None,
        typer.Option(
            "--base", help=escape("the arm that is known, such as 'celery/default[celery==5.6.2]'")
        ),
    ] = None,
    head: Annotated[str | None, typer.Option("--head", help="the arm that is new")] = None,
    scenario: Annotated[
        Words, typer.Option("--scenario", help="burst, latency; both unless named")
    ] = [],  # noqa: B006  (typer wants a literal)
    case: Annotated[Words, typer.Option("--case", help="only these cases, such as load=0.5")] = [],  # noqa: B006
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            help="such as 10m (which it is unless told); of a live gate, and of each with --replay and --simulate",
        ),
    ] = None,
    fail_on: Annotated[
        Words,
        typer.Option(
            "--fail-on",
            metavar="METRIC",
            help="judge these alone; lost and doubled tasks always count",
        ),
    ] = [],  # noqa: B006
    threshold: Annotated[
        Words,
        typer.Option(
            "--threshold",
            metavar="METRIC=5%",
            help="a change must be larger than this; the tie zone unless told",
        ),
    ] = [],  # noqa: B006
    aa: Annotated[
        bool,
        typer.Option(
            "--aa", help="base against itself; with --replay: base and head changed at random"
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="slots of both; one less than `bench run` takes unless told")
    ] = None,
    tasks: Annotated[
        int | None, typer.Option(help="tasks of a burst; what the base drains in 2.7 s unless told")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="for the order, the arrivals, and the draws of --replay and --simulate"),
    ] = None,
    features: Annotated[
        bool | None,
        typer.Option(
            "--features/--no-features",
            help="whether features are gone: tried first where base and head run different code",
        ),
    ] = None,
    label: Annotated[str, typer.Option(help="a text that stands in the report")] = "",
    out: Annotated[
        Path | None, typer.Option(help="the run folder itself; results/<run-id> unless told")
    ] = None,
    redis: Annotated[
        str | None,
        typer.Option(envvar="QUEUE_BENCH_REDIS", help="an empty Redis database of your own"),
    ] = None,
    adapter: Adapters = [],  # noqa: B006
    write: Annotated[
        Words,
        typer.Option("--write", metavar="FORMAT=FILE", help="also as junit, markdown, github …"),
    ] = [],  # noqa: B006
    blocks: Annotated[
        int | None,
        typer.Option(
            help="with --record: so many; with --replay and --simulate: so many at most in the place of a budget"
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            help="measure --blocks blocks without deciding, and keep them in this CSV file",
        ),
    ] = None,
    replay: Annotated[
        Words,
        typer.Option(
            "--replay", metavar="FILE|RUN", help="the gate on recorded blocks, window after window"
        ),
    ] = [],  # noqa: B006
    simulate: Annotated[
        int | None,
        typer.Option("--simulate", metavar="N", help="so many suites with the noise of --noise"),
    ] = None,
    noise: Annotated[
        Words, typer.Option("--noise", metavar="FILE|RUN", help="recorded A/A blocks")
    ] = [],  # noqa: B006
    plant: Annotated[
        Words,
        typer.Option(
            "--plant", metavar="METRIC=25%", help="with --simulate: a change that is really there"
        ),
    ] = [],  # noqa: B006
    passed: Pass = [],  # noqa: B006
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """The gate: is head slower, fatter or less safe than base? 0 no, 1 yes, 2 too noisy to tell, 3 tasks lost or doubled, 4 nothing valid."""
    from bench.check.gate_file import from_file, metrics, seconds, thresholds
    from bench.check.group_sequential import Rules
    from bench.check.looks import Course

    stored = from_file(Path())
    limits, judged = (
        thresholds(threshold, dict(stored.thresholds)),
        metrics(fail_on or stored.fail_on or ()),
    )
    if blocks is not None and blocks < 1:
        raise UsageError(f"--blocks {blocks}: give a number from 1 on")
    if replay or simulate is not None:
        rules, budget_s = (
            Rules(thresholds=limits, fail_on=judged),
            seconds(budget or stored.budget or "10m"),
        )
        way = (
            partial(Course, rules.within(blocks), blocks)
            if blocks
            else partial(Course, rules, budget_s=budget_s)
        )
        told = (
            _replayed(replay, way, aa, seed or 0, console(as_json))
            if replay
            else _simulated(simulate or 0, noise, plant, way, seed or 0, console(as_json))
        )
        if as_json:
            answer(told)
        raise typer.Exit(EXIT_OK)
    if (record is None) != (blocks is None):
        raise UsageError(
            "--record FILE and --blocks N go together: N blocks are measured and kept in FILE"
        )
    given: dict[str, Any] = {
        "base": base or stored.base,
        "head": head or stored.head or ((base or stored.base) if aa else None),
    }
    for name, value in given.items():
        if value is None:
            raise UsageError(
                f"there is no {name}: give --{name} ARM, or {name} = … under [check] in bench.toml; `bench list` shows the arms"
            )
    given |= {
        "scenarios": tuple(scenario or stored.scenarios or ()),
        "cases": tuple(case or stored.cases or ()),
        "fail_on": judged,
        "thresholds": limits,
    }
    given |= {
        "workers": workers or stored.workers,
        "tasks": tasks or stored.tasks,
        "budget_s": seconds(budget or stored.budget or "10m"),
    }
    given |= {"aa": aa, "seed": seed, "label": label, "out": out, "adapters": tuple(adapter)}
    given |= {"blocks": blocks, "servers": {"redis": redis} if redis else {}}
    given |= {"passed": passed_on(passed, load_adapters(adapter).values())}
    given["features"] = record is None and (stored.features if features is None else features)
    raise typer.Exit(_live(given, record, write, wait, as_json))


def _live(
    given: dict[str, Any], record: Path | None, write: Words, wait: bool, as_json: bool
) -> int:
    from bench.check.blocks import write_recording
    from bench.check.gate_table import show
    from bench.check.live_gate import Asked, carry_out, planned
    from bench.features.beside_base import features_of
    from bench.run.progress import Live

    written = _formats(write)
    out = console(as_json)
    if record is not None and record.exists():
        raise UsageError(
            f"{record} is there already: name another file, each recording has its own"
        )
    if record is not None:
        refuse_unwritable(record, "name another file")
    asked = Asked(**given)
    planned(asked)  # a wrong word need not wait until another bench is through
    with lock.measuring(wait, out.print):
        live = Live(out)
        with live.bar:
            changes, recording = carry_out(asked, features_of, live)

    def keep() -> None:
        if record is not None:
            write_recording(record, recording)
            words = f"{len(recording.blocks)} blocks kept in {record}"
            out.print(words, markup=False, soft_wrap=True)

    def tell() -> None:
        if as_json:
            answer(changes.as_json())
        else:
            show(changes, out)
            out.print(f"run folder: {changes.about['folder']}", markup=False, soft_wrap=True)

    # A recording decides nothing.
    code = EXIT_OK if record is not None else changes.exit_code
    return in_spite(code, keep, lambda: written(changes), tell)


def _formats(write: Words) -> Callable[["Changes"], object]:
    """What writes the answer for other tools; bad words are found before anything is measured."""
    if not write:
        return lambda changes: None
    from bench.formats import registry

    registry.asked_changes(write)
    return lambda changes: registry.write(changes, write)


def _replayed(
    names: Words, course: "Callable[[], Course]", aa: bool, seed: int, out: Console
) -> dict[str, Any]:
    from bench.check.replay import disjoint, every_start, recordings_of

    recordings = recordings_of(names)
    swap = random.Random(seed) if aa else None
    told = {"every start": every_start(recordings, course, swap)}
    try:
        told = {"disjoint": disjoint(recordings, course, swap), **told}
    except UsageError:
        # One gate may need more blocks than there are; from every start the ring still shows a rate.
        out.print(
            "disjoint: no gate decided before its recording ended: record more blocks for a bound",
            markup=False,
            soft_wrap=True,
        )
    for each in recordings:
        out.print(
            f"{each.name}: {len(each.blocks)} blocks of {each.head} against {each.base}",
            markup=False,
            soft_wrap=True,
        )
    for name, found in told.items():
        _print(f"{name}: ", found, out, bounded=name == "disjoint")
    return {name: vars(found) for name, found in told.items()}


def _simulated(
    count: int, noise: Words, plant: Words, course: "Callable[[], Course]", seed: int, out: Console
) -> dict[str, Any]:
    from bench.check.gate_file import planted
    from bench.check.looks import seconds_each
    from bench.check.replay import recordings_of, tally
    from bench.check.simulate import LONGEST, fit, gates, suites

    if count < 1 or not noise:
        raise UsageError(
            "--simulate N needs a number from 1 on and --noise FILE: recorded A/A blocks, see `bench check --record`"
        )
    recordings = recordings_of(noise)
    found, seconds = (
        fit(recordings),
        seconds_each([block for each in recordings for block in each.blocks]),
    )
    for each in found:
        out.print(each.words(), markup=False, soft_wrap=True)
    told = tally(
        gates(suites(found, count, course().most or LONGEST, seed, planted(plant), seconds), course)
    )
    _print("", told, out, bounded=True)
    return {"noise": [each.words() for each in found], "gates": vars(told)}


def _print(name: str, found: "Tally", out: Console, bounded: bool) -> None:
    out.print(f"{name}{found.words(bounded)}", markup=False, soft_wrap=True)
    for says, counted in (("worse", found.worse), ("better", found.better)):
        for key, times in counted.most_common():
            out.print(f"    {says} in {times}: {key}", markup=False, soft_wrap=True)
