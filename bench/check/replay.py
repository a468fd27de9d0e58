"""The gate on recorded blocks: how often it fires where nothing has changed, how often it catches what was planted."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis import stored_measures
from bench.analysis.stats import exact_bounds
from bench.base.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INVALID,
    EXIT_OK,
    EXIT_REGRESSION,
    EXIT_WRONG,
    UsageError,
)
from bench.check.blocks import Block, Recording, read_recordings
from bench.check.decision import Decision
from bench.check.looks import Course, Driven, drive
from bench.check.run_blocks import blocks_in
from bench.commands.options import find_run


@dataclass(frozen=True)
class Tally:
    """What a number of gates came to."""

    gates: int
    codes: Counter[int]
    worse: Counter[str]  # measure → gates that called it a regression
    better: Counter[str]
    blocks: float  # used by a gate, on average
    minutes: float

    @property
    def fired(self) -> int:
        """Gates that ended with 1 or 3."""
        return self.codes[EXIT_REGRESSION] + self.codes[EXIT_WRONG]

    def words(self, bounded: bool = True) -> str:
        """The tally in one line; the bounds are exact and two-sided, 95 %, and there are none for gates that share blocks."""
        low, high = exact_bounds(self.fired, self.gates)
        bounds = f" ({low:.2%} to {high:.2%})" if bounded else ""
        ended = ", ".join(
            f"{self.codes[code]} {name}" for code, name in _NAMES.items() if self.codes[code]
        )
        used = f"{self.blocks:.1f} blocks" + (
            f", {self.minutes:.1f} minutes" if self.minutes else ""
        )
        return (
            f"{self.gates} gates: {ended}; fired {self.fired / self.gates:.1%}{bounds}; {used} each"
        )


_NAMES = {
    EXIT_OK: "ok",
    EXIT_REGRESSION: "regression",
    EXIT_INCONCLUSIVE: "inconclusive",
    EXIT_WRONG: "wrong",
    EXIT_INVALID: "invalid",
}


def tally(decisions: Iterable[tuple[Decision, float]]) -> Tally:
    """Count gates; the float beside each is the seconds that it took."""
    codes, worse, better = Counter[int](), Counter[str](), Counter[str]()
    blocks, seconds = 0, 0.0
    for decision, took_s in decisions:
        codes[decision.exit_code] += 1
        worse.update(each.key.id for each in decision.findings if each.says == "regression")
        better.update(each.key.id for each in decision.findings if each.says == "improvement")
        blocks, seconds = blocks + decision.blocks, seconds + took_s
    gates = codes.total()
    if not gates:
        raise UsageError(
            "the recordings are shorter than one gate: record more blocks, or give a smaller --blocks"
        )
    return Tally(gates, codes, worse, better, blocks / gates, seconds / gates / 60)


def recordings_of(names: Sequence[str]) -> list[Recording]:
    """Those of files made by `bench check --record`, and of stored runs with two arms."""
    return [
        found
        for name in names
        for found in (
            read_recordings(Path(name))
            if Path(name).suffix == ".csv"
            else [_of_run(find_run(name))]
        )
    ]


def _of_run(folder: Path) -> Recording:
    run = stored_measures.open_measured(folder)
    arms = [str(name) for name in run.info["plan"]["arms"]]
    if len(arms) != 2:
        raise UsageError(
            f"{folder} has {len(arms)} arms: a gate is replayed on a run of two, base and head"
        )
    base = run.info["plan"].get("base") or arms[0]
    head = next(name for name in arms if name != base)
    return Recording(run.id, base, head, tuple(blocks_in(run, base, head)))


def disjoint(
    recordings: Sequence[Recording], course: Callable[[], Course], swap: random.Random | None = None
) -> Tally:
    """Gates that share no block: each begins after the last block of the one before. With `swap` base and head change places at random.

    A gate that the recording ends before it has decided is not counted.
    """
    return tally(
        each[:2] for recording in recordings for each in _one_by_one(recording.blocks, course, swap)
    )


def _one_by_one(
    blocks: Sequence[Block], course: Callable[[], Course], swap: random.Random | None
) -> Iterable[Driven]:
    at, most = 0, _fewest(course())
    while at + most <= len(blocks):
        found = _gate(blocks[at:], course(), swap)
        if not found.whole:
            return
        yield found
        at += found.decision.blocks


def every_start(
    recordings: Sequence[Recording], course: Callable[[], Course], swap: random.Random | None = None
) -> Tally:
    """A gate from each block on, the recording taken as a ring: they share blocks, so this rate has no bound; it shows what few windows cannot."""
    most = _fewest(course())
    rings = [
        (*each.blocks[at:], *each.blocks[:at])
        for each in recordings
        if len(each.blocks) >= most
        for at in range(len(each.blocks))
    ]
    return tally(_gate(ring, course(), swap)[:2] for ring in rings)


def _fewest(course: Course) -> int:
    """Blocks without which a window is no gate: what it may have at most, or with a budget those of its first look."""
    return course.most or course.rules.looks[0]


def _gate(blocks: Sequence[Block], course: Course, swap: random.Random | None) -> Driven:
    return drive(
        (
            block.swapped() if swap is not None and swap.random() < 0.5 else block
            for block in blocks
        ),
        course,
    )
