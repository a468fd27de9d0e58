"""`python -m tools.gate_lab`: the gate recorded, replayed and simulated. Run it from a checkout."""

import random
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.base.ending import in_spite
from bench.base.errors import EXIT_OK, UsageError
from bench.base.output import refuse_unwritable
from bench.check.check_options import CheckOptions, planned
from bench.check.gate_file import from_file, metrics, seconds, thresholds
from bench.check.group_sequential import Rules
from bench.check.looks import Looks, seconds_each
from bench.cli import main
from bench.commands.check import (
    AgainstItself,
    Base,
    Cases,
    FailOn,
    Head,
    Label,
    Out,
    Redis,
    Scenarios,
    Seed,
    Tasks,
    Thresholds,
    Words,
    Workers,
    arms_asked,
    show_changes,
)
from bench.commands.options import Adapters, Json, Pass, Wait, answer, console, passed_on
from bench.hosts import lock
from bench.model.systems import load_adapters
from bench.run.progress import Live
from tools.gate_lab import simulate as simulation
from tools.gate_lab.record import record as record_blocks
from tools.gate_lab.recordings import MAKE_ONE, write_recording
from tools.gate_lab.replay import MakeLooks, Tally, disjoint, every_start, recordings_of, tally

PROGRAM = "python -m tools.gate_lab"
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="How often does the gate fire where nothing has changed, and what does it catch?",
)
EachBudget = Annotated[
    str | None, typer.Option("--budget", help="of each gate; such as 10m, which it is unless told")
]
AtMost = Annotated[
    int | None, typer.Option("--blocks", help="so many at most in the place of a budget")
]
DrawSeed = Annotated[int, typer.Option("--seed", help="for what is drawn")]


@app.command()
def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a CSV file that is to be made")],
    blocks: Annotated[int, typer.Option("--blocks", help="so many")],
    base: Base = None,
    head: Head = None,
    scenario: Scenarios = [],  # noqa: B006  (typer wants a literal)
    case: Cases = [],  # noqa: B006
    fail_on: FailOn = [],  # noqa: B006
    threshold: Thresholds = [],  # noqa: B006
    aa: AgainstItself = False,
    workers: Workers = None,
    tasks: Tasks = None,
    seed: Seed = None,
    label: Label = "",
    out: Out = None,
    redis: Redis = None,
    adapter: Adapters = [],  # noqa: B006
    passed: Pass = [],  # noqa: B006
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Measure so many blocks of base and head without deciding, and keep them in FILE."""
    stored = from_file(Path())
    base_arm, head_arm = arms_asked(base, head, aa, stored)
    _refuse_none(blocks)
    if file.exists():
        raise UsageError(f"{file} is there already: name another file, each recording has its own")
    refuse_unwritable(file, "name another file")
    options = CheckOptions(
        base_arm,
        head_arm,
        scenarios=tuple(scenario or stored.scenarios),
        cases=tuple(case or stored.cases),
        fail_on=metrics(fail_on or stored.fail_on),
        thresholds=thresholds(threshold, stored.thresholds),
        aa=aa,
        workers=workers or stored.workers,
        tasks=tasks or stored.tasks,
        seed=seed,
        label=label,
        out=out,
        adapters=tuple(adapter),
        servers={"redis": redis} if redis else {},
        passed=passed_on(passed, load_adapters(adapter).values()),
    )
    raise typer.Exit(_recorded(options, blocks, file, wait, as_json))


@app.command()
def replay(
    names: Annotated[
        Words, typer.Argument(metavar="FILE|RUN...", help="recorded blocks, or runs of two arms")
    ],
    aa: Annotated[bool, typer.Option("--aa", help="base and head changed at random")] = False,
    budget: EachBudget = None,
    blocks: AtMost = None,
    fail_on: FailOn = [],  # noqa: B006
    threshold: Thresholds = [],  # noqa: B006
    seed: DrawSeed = 0,
    as_json: Json = False,
) -> None:
    """The gate on recorded blocks, window after window and from every start."""
    make_looks = _make_looks(budget, blocks, fail_on, threshold)
    out = console(as_json)
    recordings = recordings_of(names)
    swap = random.Random(seed) if aa else None
    tallies = {"every start": every_start(recordings, make_looks, swap)}
    try:
        tallies = {"disjoint": disjoint(recordings, make_looks, swap), **tallies}
    except UsageError:
        # One gate may need more blocks than there are; from every start the ring still shows a
        # rate.
        why = "no gate decided before its recording ended: record more blocks for a bound"
        _say(f"disjoint: {why}", out)
    for each in recordings:
        _say(f"{each.name}: {len(each.blocks)} blocks of {each.head} against {each.base}", out)
    for name, gates in tallies.items():
        _show(gates, out, f"{name}: ", bounded=name == "disjoint")
    if as_json:
        answer({name: vars(gates) for name, gates in tallies.items()})


@app.command()
def simulate(
    count: Annotated[int, typer.Argument(metavar="N", help="so many series of blocks")],
    noise: Annotated[
        Words, typer.Option("--noise", metavar="FILE|RUN", help="recorded A/A blocks")
    ] = [],  # noqa: B006
    plant: Annotated[
        Words, typer.Option("--plant", metavar="METRIC=25%", help="a change that is really there")
    ] = [],  # noqa: B006
    budget: EachBudget = None,
    blocks: AtMost = None,
    fail_on: FailOn = [],  # noqa: B006
    threshold: Thresholds = [],  # noqa: B006
    seed: DrawSeed = 0,
    as_json: Json = False,
) -> None:
    """The gate on series of blocks that are drawn with the noise of recorded ones."""
    make_looks = _make_looks(budget, blocks, fail_on, threshold)
    if count < 1 or not noise:
        raise UsageError(
            f"simulate N needs a number from 1 on and --noise FILE: recorded A/A blocks, see "
            f"{MAKE_ONE}"
        )
    out = console(as_json)
    recordings = recordings_of(noise)
    fitted = simulation.fit(recordings)
    for each in fitted:
        _say(each.words(), out)
    length = make_looks().most or simulation.LONGEST
    seconds_of = seconds_each([block for each in recordings for block in each.blocks])
    planted = simulation.planted(plant)
    series = simulation.suites(fitted, count, length, seed, planted, seconds_of)
    gates = tally(simulation.gates(series, make_looks))
    _show(gates, out)
    if as_json:
        answer({"noise": [each.words() for each in fitted], "gates": vars(gates)})


def _recorded(options: CheckOptions, count: int, file: Path, wait: bool, as_json: bool) -> int:
    out = console(as_json)
    planned(options)  # a wrong word need not wait until another bench is through
    with lock.measuring(wait, out.print):
        live = Live(out)
        with live.bar:
            changes, recording = record_blocks(options, count, live)

    def keep() -> None:
        write_recording(file, recording)
        _say(f"{len(recording.blocks)} blocks kept in {file}", out)

    # A recording decides nothing, whatever the exit code of its changes is.
    return in_spite(EXIT_OK, keep, lambda: show_changes(changes, as_json, out))


def _make_looks(
    budget: str | None, blocks: int | None, fail_on: Words, threshold: Words
) -> MakeLooks:
    """What makes the looks of each gate, from the options or else from bench.toml."""
    stored = from_file(Path())
    rules = Rules(
        thresholds=thresholds(threshold, stored.thresholds),
        fail_on=metrics(fail_on or stored.fail_on),
    )
    budget_s = seconds(budget or stored.budget)
    if blocks is None:
        return partial(Looks, rules, budget_s=budget_s)
    _refuse_none(blocks)
    return partial(Looks, rules.within(blocks), blocks)


def _refuse_none(blocks: int) -> None:
    if blocks < 1:
        raise UsageError(f"--blocks {blocks}: give a number from 1 on")


def _show(gates: Tally, out: Console, name: str = "", bounded: bool = True) -> None:
    _say(f"{name}{gates.words(bounded)}", out)
    for word, counted in (("worse", gates.worse), ("better", gates.better)):
        for key, times in counted.most_common():
            _say(f"    {word} in {times}: {key}", out)


def _say(line: str, out: Console) -> None:
    out.print(line, markup=False, soft_wrap=True)


if __name__ == "__main__":
    main(app, PROGRAM)
