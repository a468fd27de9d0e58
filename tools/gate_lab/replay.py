"""The gate on recorded blocks.

How often does it fire where nothing has changed, and how often does it catch what was planted?
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scipy.stats import binomtest

from bench.analysis import stored_measures
from bench.base.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INVALID,
    EXIT_OK,
    EXIT_REGRESSION,
    EXIT_WRONG,
    UsageError,
)
from bench.check.blocks import Block
from bench.check.decision import Decision, decide
from bench.check.looks import Looks
from bench.check.run_blocks import blocks_in
from bench.commands.options import find_run
from tools.gate_lab.recordings import Recording, read_recordings

# What is measured once: the rough rates, and the capacity that the loads are shares of.
START_S = 20.0
# Each gate needs looks of its own, for they narrow their rules at its first block.
MakeLooks = Callable[[], Looks]
_NAMES = {
    EXIT_OK: "ok",
    EXIT_REGRESSION: "regression",
    EXIT_INCONCLUSIVE: "inconclusive",
    EXIT_WRONG: "wrong",
    EXIT_INVALID: "invalid",
}


@dataclass(frozen=True)
class Tally:
    """What a number of gates came to; `worse` and `better`: measure → gates that called it so."""

    gates: int
    codes: Counter[int]
    worse: Counter[str]
    better: Counter[str]
    blocks: float  # used by a gate, on average
    minutes: float

    @property
    def fired(self) -> int:
        """Gates that ended with 1 or 3."""
        return self.codes[EXIT_REGRESSION] + self.codes[EXIT_WRONG]

    def words(self, bounded: bool = True) -> str:
        """The tally in one line; the bounds are exact and two-sided, 95 %.

        There are none for gates that share blocks: `bounded` is False for them.
        """
        low, high = binomtest(self.fired, self.gates).proportion_ci()
        bounds = f" ({low:.2%} to {high:.2%})" if bounded else ""
        ended = ", ".join(
            f"{self.codes[code]} {name}" for code, name in _NAMES.items() if self.codes[code]
        )
        minutes = f", {self.minutes:.1f} minutes" if self.minutes else ""
        return (
            f"{self.gates} gates: {ended}; fired {self.fired / self.gates:.1%}{bounds}; "
            f"{self.blocks:.1f} blocks{minutes} each"
        )


def tally(decisions: Iterable[tuple[Decision, float]]) -> Tally:
    """Count gates; beside each are the seconds that it took. UsageError if there is none."""
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
            "the recordings are shorter than one gate: record more blocks, or give a smaller "
            "--blocks"
        )
    return Tally(gates, codes, worse, better, blocks / gates, seconds / gates / 60)


def recordings_of(names: Sequence[str]) -> list[Recording]:
    """The recordings of CSV files, and of stored runs with two arms; UsageError for others."""
    recordings: list[Recording] = []
    for name in names:
        if Path(name).suffix == ".csv":
            recordings += read_recordings(Path(name))
        else:
            recordings.append(_of_run(find_run(name)))
    return recordings


def _of_run(folder: Path) -> Recording:
    run = stored_measures.open_measured(folder)
    arms = list(run.manifest.plan.arms)
    if len(arms) != 2:
        raise UsageError(
            f"{folder} has {len(arms)} arms: a gate is replayed on a run of two, base and head"
        )
    base = run.manifest.plan.base or arms[0]
    head = next(name for name in arms if name != base)
    return Recording(run.id, base, head, tuple(blocks_in(run, base, head)))


class Driven(NamedTuple):
    """A gate on blocks that were there before it. `whole`: it ended by itself, not with them."""

    decision: Decision
    seconds: float
    whole: bool


def drive(blocks: Iterable[Block], looks: Looks) -> Driven:
    """Feed blocks one by one, as a live gate does, each without the scenarios that are settled."""
    fed: list[Block] = []
    spent_s = START_S
    wanted: Sequence[str] | None = None
    for block in blocks:
        fed.append(block if wanted is None else block.only(wanted))
        spent_s += sum(fed[-1].seconds.values())
        decision = looks.after(fed, spent_s)
        if not decision.more:
            return Driven(decision, spent_s, True)
        wanted = decision.wanted
    return Driven(decide(fed, looks.rules, ended=True), spent_s, False)


def disjoint(
    recordings: Sequence[Recording], make_looks: MakeLooks, swap: random.Random | None = None
) -> Tally:
    """Gates that share no block: each begins after the last block of the one before.

    With `swap` base and head change places at random. A gate that the recording ends before it has
    decided is not counted.
    """
    return tally(
        each[:2]
        for recording in recordings
        for each in _one_by_one(recording.blocks, make_looks, swap)
    )


def _one_by_one(
    blocks: Sequence[Block], make_looks: MakeLooks, swap: random.Random | None
) -> Iterable[Driven]:
    at, fewest = 0, _fewest(make_looks())
    while at + fewest <= len(blocks):
        gate = _gate(blocks[at:], make_looks(), swap)
        if not gate.whole:
            return
        yield gate
        at += gate.decision.blocks


def every_start(
    recordings: Sequence[Recording], make_looks: MakeLooks, swap: random.Random | None = None
) -> Tally:
    """A gate from each block on, the recording taken as a ring.

    They share blocks, so this rate has no bound; it shows what few windows cannot.
    """
    fewest = _fewest(make_looks())
    rings = [
        (*each.blocks[at:], *each.blocks[:at])
        for each in recordings
        if len(each.blocks) >= fewest
        for at in range(len(each.blocks))
    ]
    return tally(_gate(ring, make_looks(), swap)[:2] for ring in rings)


def _fewest(looks: Looks) -> int:
    """Blocks without which a window is no gate.

    Those that it may have at most, or with a budget those of its first look.
    """
    return looks.most or looks.rules.looks[0]


def _gate(blocks: Sequence[Block], looks: Looks, swap: random.Random | None) -> Driven:
    swapped = (
        block.swapped() if swap is not None and swap.random() < 0.5 else block for block in blocks
    )
    return drive(swapped, looks)
