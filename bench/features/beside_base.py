"""Features gone: the trials of `bench features` at base and head, where these run different code.

What a trial shows is no figure with noise: it decides without statistics.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.check.blocks import Key
from bench.check.decision import GateFinding
from bench.features import trial_runs
from bench.hosts import machine
from bench.inprocess.trials.trial import LACKING
from bench.model.arm import Arm
from bench.model.feature_outcome import PARTLY, UNKNOWN, WORKS
from bench.model.feature_outcome import Finding as Tried
from bench.record import stored_features

SIDES = ("base", "head")
METRIC = "feature_offered"
# Once more was not enough: RQ 2.0.0 started delayed tasks on time twice in a row, and too early in
# each of six other tries.
AGAIN = 3
# Not offered, broken, or a trial that gives up: alike to who needs it, and worth 0.
WORTH = {WORKS: 2, PARTLY: 1}


def features_of(
    base: Arm,
    head: Arm,
    folder: Path,
    say: Callable[[str], None],
    passed: tuple[str, ...] = (),
    wanted: Sequence[str] = (),
) -> tuple[tuple[GateFinding, ...], str]:
    """What the head offers less or more than the base, and a line about all trials.

    Each finding was seen in all of 1 + AGAIN tries. The slow trials are left out.
    """
    plans = [
        trial_runs.planned([arm.adapter], wanted, False, arm.environment, passed)
        for arm in (base, head)
    ]
    if not plans[0]:
        return (), ""
    say(f"{len(plans[0])} trials of features at base and head, some minutes; evidence in {folder}")
    tried = [_all(plan, folder / side) for plan, side in zip(plans, SIDES, strict=True)]
    pairs = list(zip(*tried, strict=True))
    signs = [_sign(*pair) for pair in pairs]
    again = [_confirmed(plans, at, sign, folder) for at, sign in enumerate(signs) if sign]
    findings = tuple(_finding(*pair) for pair in again if pair)
    untried = sum(
        all(each.outcome == UNKNOWN for each in pair) or _lacking(*pair) for pair in pairs
    )
    summary = f"features: {len(pairs)} trials, {len(findings)} with another outcome at the head"
    return findings, summary + (f"; {untried} could not be tried" if untried else "")


def _confirmed(
    plans: Sequence[Sequence[trial_runs.Planned]], at: int, sign: int, folder: Path
) -> tuple[Tried, Tried] | None:
    """The last of AGAIN further tries that all say the same as the first; None where one does not.

    A trial may run out of time, or depend on the phase of a clock.
    """
    pair = None
    for number in range(1, AGAIN + 1):
        base, head = (
            trial_runs.one(plan[at], folder / f"{side}-again-{number}")
            for plan, side in zip(plans, SIDES, strict=True)
        )
        if _sign(base, head) != sign:
            return None
        pair = base, head
    return pair


def _all(plan: Sequence[trial_runs.Planned], folder: Path) -> list[Tried]:
    began = time.monotonic()
    findings = trial_runs.carry_out(plan, folder)
    stored_features.write(
        folder, findings, time.monotonic() - began, quick=True, machine=machine.describe()
    )
    return findings


def _lacking(base: Tried, head: Tried) -> bool:
    """A package beside the system's own is not there: that says nothing of the system."""
    return any(each.outcome == UNKNOWN and LACKING in each.text for each in (base, head))


def _sign(base: Tried, head: Tried) -> int:
    """-1 where the head offers less, 1 where more, 0 where they are alike or not comparable."""
    if _lacking(base, head):
        return 0
    before, now = (WORTH.get(each.outcome, 0) for each in (base, head))
    return (now > before) - (now < before)


def _finding(base: Tried, head: Tried) -> GateFinding:
    name = f"{base.feature}~{base.variant}" if base.variant else base.feature
    reason = f"{base.outcome} at the base, {head.outcome} at the head: {head.text}"
    return GateFinding(
        Key("features", name, METRIC),
        "smaller" if _sign(base, head) < 0 else "larger",
        reason=reason,
    )
