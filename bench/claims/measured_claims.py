"""What stored runs say of published numbers: of ratios, and of what has no counterpart."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import pandas as pd

from bench.analysis.dataset import Joined
from bench.analysis.formatting import Figure, figure, listing, number, times
from bench.claims.form import RatioClaim, Unlike
from bench.claims.measured_figures import (
    BROKER,
    MEMORY,
    READINGS,
    Beside,
    blocks_of,
    default,
    figure_of,
    metrics_of,
    of_arm,
)
from bench.claims.rulings import CONFIRMED, REFUTED, UNLIKE, UNTESTED, Ruling
from bench.model.metric import METRICS

# A ratio twice as large is another claim. Without an interval only half an order of magnitude is
# told apart: √10.
NEAR, APART, ENOUGH_BLOCKS = 2.0, 10**0.5, 3
NO_RUN = (UNTESTED, "no run was given")


def ratio_rulings(source: str, claim: RatioClaim, joined: Joined | None) -> Iterator[Ruling]:
    """A ruling for each pair of systems, by their default profiles.

    With runs there is one for each published number as well: by which arm it is reached.
    """
    beside = None if joined is None else Beside.of(joined, claim)
    for a, b in combinations(claim.values, 2):
        ratio = claim.values[a] / claim.values[b]
        says = f"{claim.says} ({times(ratio)} : 1)"
        ruled = NO_RUN if beside is None else _pair(beside, (default(a), default(b)), ratio)
        yield Ruling(source, claim.row, f"{a} : {b}", says, *ruled)
    if beside is not None:
        for system, value in claim.values.items():
            yield Ruling(source, claim.row, system, *_reached(beside, system, value))


def _pair(beside: Beside, arms: Sequence[str], published: float) -> tuple[str, str]:
    """The verdict on a ratio between two arms, and what was seen."""
    claim = beside.claim
    if unmet := beside.unmet(arms):
        return UNLIKE, _joined(unmet, claim.reading)
    if claim.metric == MEMORY:
        return _memory(beside, arms, published)
    verdict, text = _compared(beside.like, arms, metrics_of(claim), published)
    return verdict, _joined(text, claim.reading)


def _compared(
    rows: pd.DataFrame, arms: Sequence[str], metrics: Sequence[str], published: float
) -> tuple[str, str]:
    found = [figure_of(rows, arm, metrics) for arm in arms]
    for arm, each in zip(arms, found, strict=True):
        if not _has_value(each, metrics):
            return UNTESTED, f"{arm} has no such figure here ({each.text})"
    ratio = _ratio(found)
    off = max(ratio / published, published / ratio)
    cells = ", ".join(each.cells for each in found)
    text = f"{_told(found)}, off by a factor of {off:.1f} (cells {cells})"
    if off <= NEAR:
        return CONFIRMED, text
    if off > APART or min(blocks_of(rows, arm, metrics) for arm in arms) >= ENOUGH_BLOCKS:
        return REFUTED, text
    return (
        UNTESTED,
        f"{text}: fewer than {ENOUGH_BLOCKS} blocks cannot tell that from {NEAR:g} times",
    )


def _memory(beside: Beside, arms: Sequence[str], published: float) -> tuple[str, str]:
    """A published memory does not say what it counts: a verdict stands if each reading has it.

    Where they differ, what hangs on the reading is told: the tasks that the broker keeps, and the
    same ratios with other numbers of tasks.
    """
    ruled = {
        name: _compared(beside.like, arms, metrics, published) for name, metrics in READINGS.items()
    }
    if len(set(ruled.values())) == 1:  # neither has a figure
        return next(iter(ruled.values()))
    verdicts = {verdict for verdict, _ in ruled.values()}
    text = "; ".join(f"{name}, {verdict}: {seen}" for name, (verdict, seen) in ruled.items())
    if len(verdicts) == 1:
        return verdicts.pop(), text
    if REFUTED not in verdicts:
        return UNTESTED, text
    kept, elsewhere = [_kept(beside, arm) for arm in arms], _with_other_tasks(beside, arms)
    return UNLIKE, _joined(text, beside.claim.reading, *kept, *elsewhere)


def _kept(beside: Beside, arm: str) -> str:
    """How much of the broker's memory the queue takes: the rest is what it keeps of the finished,
    for as long as the arm's settings say."""
    mine = of_arm(beside.like, arm)
    peak, each, drain = (
        figure(mine[mine["metric"] == metric], metric)
        for metric in (BROKER, "broker_bytes_per_task", "drain_s")
    )
    if not (peak.is_number and each.is_number and drain.is_number):
        return ""
    tasks = beside.sizes[int(mine["place"].iloc[0])].tasks
    queued = number(float(each.value or 0) * tasks / 1e6)
    return (
        f"{arm} ({beside.joined.arms[arm].summary}): {peak.text} MB in the broker at most, the"
        f" {tasks:,} queued tasks alone {queued} MB, drained in {drain.text} s"
    )


def _with_other_tasks(beside: Beside, arms: Sequence[str]) -> Iterator[str]:
    for size, rows in beside.other_sizes(arms):
        found = {
            name: [figure_of(rows, arm, metrics) for arm in arms]
            for name, metrics in READINGS.items()
        }
        every = [each for pair in found.values() for each in pair]
        if all(_has_value(each, READINGS["workers alone"]) for each in every):
            ratios = listing([f"{name} {_told(pair)}" for name, pair in found.items()])
            cells = ", ".join(dict.fromkeys(each.cells for each in every))
            yield f"with {size.tasks:,} tasks {ratios} (cells {cells})"


def _has_value(each: Figure, metrics: Sequence[str]) -> bool:
    """A bound has none; a rate that the time cap cut short has one all the same."""
    cut_short = each.verdict == "beyond" and METRICS[metrics[0]].better == "higher"
    return bool(each.value) and (each.verdict == "ok" or cut_short)


def _ratio(found: Sequence[Figure]) -> float:
    return float(found[0].value or 0) / float(found[1].value or 1)


def _told(found: Sequence[Figure]) -> str:
    return f"{found[0].text} : {found[1].text} = {times(_ratio(found))} : 1"


def _reached(beside: Beside, system: str, value: float) -> tuple[str, str, str]:
    """Absolute numbers of another machine: no verdict, but which settings come to it here.

    What is said, the verdict, and what was seen.
    """
    claim, arms = beside.claim, beside.arms(system)
    says = f"{number(value / 1e6)} MB" if claim.unit == "bytes" else f"{value:,g} {claim.unit}"
    found = {
        name: each
        for name in arms
        if (each := figure_of(beside.like, name, metrics_of(claim))).is_number and each.value
    }
    if not found and (unmet := beside.unmet(arms)):
        return says, UNLIKE, unmet
    shown = listing([f"{name} {each.text}" for name, each in found.items()]) or "no figure"
    if claim.metric in METRICS and METRICS[claim.metric].better == "higher":
        how, there = "reached by", [n for n, each in found.items() if (each.value or 0) >= value]
    else:
        how, there = "no more than that:", [n for n in found if (found[n].value or 0) <= value]
    return says, UNLIKE, f"another machine; here {shown}: {how} {listing(there) or 'none'}"


def unlike_rulings(source: str, claim: Unlike, joined: Joined | None) -> Iterator[Ruling]:
    """A ruling for each system: our number stands beside what is said, and nothing is judged."""
    for system, text in claim.says.items():
        ours = Figure("not run", verdict="missing")
        if joined is not None:
            rows = joined.rows(claim.scenario, claim.case, default(system), claim.metric)
            ours = figure(rows, claim.metric)
        unit = " ms" if ours.is_number else ""
        cells = f" (cell {ours.cells})" if ours.cells else ""
        beside = f"; ours at {claim.case.replace('=', ' ')}: {ours.text}{unit}{cells}"
        yield Ruling(source, claim.row, system, text, UNLIKE, claim.why + beside)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
