"""What stored runs say of published numbers: ratios, what has no counterpart, recoveries."""

from collections.abc import Iterator
from itertools import combinations

from bench.analysis.dataset import Joined
from bench.analysis.evidence import Evidence, evidence
from bench.analysis.formatting import Figure, figure, listing, number, times
from bench.claims.form import RatioClaim, RecoveryClaim, Unlike
from bench.claims.rulings import CONFIRMED, REFUTED, UNLIKE, UNTESTED, Ruling

# A ratio twice as large is another claim. Without an interval only half an order of magnitude is
# told apart: √10.
NEAR, APART, ENOUGH_BLOCKS = 2.0, 10**0.5, 3

# Of a cell, in the place of a number.
NOTHING_SEEN = ("missing", "invalid", "withheld", "unavailable", "not_offered")
NO_RUN = (UNTESTED, "no run was given")


def ratio_rulings(source: str, claim: RatioClaim, joined: Joined | None) -> Iterator[Ruling]:
    """A ruling for each pair of systems, by their default profiles.

    With runs there is one for each published number as well: by which arm it is reached.
    """
    for a, b in combinations(claim.values, 2):
        ratio = claim.values[a] / claim.values[b]
        says = f"{claim.says} ({times(ratio)} : 1)"
        yield Ruling(source, claim.row, f"{a} : {b}", says, *_pair(claim, joined, a, b, ratio))
    if joined is not None:
        for system, value in claim.values.items():
            yield _reached(source, claim, joined, system, value)


def _measured(joined: Joined, arm: str, claim: RatioClaim | Unlike) -> Figure:
    """The figure of an arm beside a claim; `memory` is the peak of workers and broker together."""
    if claim.metric != "memory":
        rows = joined.rows(claim.scenario, claim.case, arm, claim.metric)
        return figure(rows, claim.metric)
    parts = [
        figure(joined.rows(claim.scenario, claim.case, arm, metric), metric)
        for metric in ("worker_memory_peak_bytes", "broker_memory_peak_bytes")
    ]
    if not all(part.is_number for part in parts):
        return next(part for part in parts if not part.is_number)
    total = sum(float(part.value or 0) for part in parts)
    return Figure(f"{number(total / 1e6)} MB", total, cells=parts[0].cells)


def _pair(
    claim: RatioClaim, joined: Joined | None, a: str, b: str, published: float
) -> tuple[str, str]:
    if joined is None:
        return NO_RUN
    found = {system: _measured(joined, f"{system}/default", claim) for system in (a, b)}
    for system, each in found.items():
        if not each.is_number or not each.value:
            return UNTESTED, f"{system}/default has no such figure here ({each.text})"
    ratio = float(found[a].value or 0) / float(found[b].value or 1)
    off = max(ratio / published, published / ratio)
    text = (
        f"{found[a].text} : {found[b].text} = {times(ratio)} : 1, off by a factor of {off:.1f}"
        f" (cells {found[a].cells}, {found[b].cells})"
    )
    if off <= NEAR:
        return CONFIRMED, text
    if off > APART or joined.blocks(claim.scenario) >= ENOUGH_BLOCKS:
        return REFUTED, text
    return (
        UNTESTED,
        f"{text}: fewer than {ENOUGH_BLOCKS} blocks cannot tell that from {NEAR:g} times",
    )


def _reached(source: str, claim: RatioClaim, joined: Joined, system: str, value: float) -> Ruling:
    """Absolute numbers of another machine: no verdict, but which settings come to it here."""
    figures = {
        name: each
        for name in _arms(joined, system, claim.scenario, claim.case)
        if (each := _measured(joined, name, claim)).is_number and each.value
    }
    shown = listing([f"{name} {each.text}" for name, each in figures.items()]) or "no figure"
    more = [name for name, each in figures.items() if float(each.value or 0) >= value]
    says = f"{number(value / 1e6)} MB" if claim.unit == "bytes" else f"{number(value)} {claim.unit}"
    seen = f"another machine; here {shown}: reached by {listing(more) or 'none'}"
    return Ruling(source, claim.row, system, says, UNLIKE, seen)


def _arms(joined: Joined, system: str, scenario: str, case: str) -> list[str]:
    """The arms of a system that were measured there."""
    return [name for name in joined.arms_of(scenario, case) if joined.arms[name].system == system]


def unlike_rulings(source: str, claim: Unlike, joined: Joined | None) -> Iterator[Ruling]:
    """A ruling for each system: our number stands beside what is said, and nothing is judged."""
    for system, text in claim.says.items():
        ours = _measured(joined, f"{system}/default", claim) if joined else Figure("not run")
        unit = " ms" if ours.is_number else ""
        cells = f" (cell {ours.cells})" if ours.cells else ""
        beside = f"; ours at {claim.case.replace('=', ' ')}: {ours.text}{unit}{cells}"
        yield Ruling(source, claim.row, system, text, UNLIKE, claim.why + beside)


def recovery_rulings(source: str, claim: RecoveryClaim, joined: Joined | None) -> Iterator[Ruling]:
    """A ruling for each system that something is said of."""
    for system, text in claim.says.items():
        yield Ruling(source, claim.row, system, text, *_recovered(claim, system, joined))


def _recovered(claim: RecoveryClaim, system: str, joined: Joined | None) -> tuple[str, str]:
    """Against the default profile; other arms of the system are named where they meet it."""
    if joined is None:
        return NO_RUN
    arms, default = _arms(joined, system, "recovery", claim.fault), f"{system}/default"
    if default not in arms:
        return UNTESTED, f"{default} was not struck by a {claim.fault} here"
    metric = "work_recovery_s"
    seen = {
        name: figure(joined.rows("recovery", claim.fault, name, metric), metric) for name in arms
    }
    gone = {name: _gone(evidence(joined, claim.fault, name)) for name in arms}
    shown = listing([f"{name} {seen[name].text} s{gone[name]}" for name in arms])
    text = f"{shown}; {claim.reading}" if claim.reading else shown
    if seen[default].verdict in NOTHING_SEEN:
        return UNTESTED, text
    if system in claim.manual:
        return (CONFIRMED if gone[default] else REFUTED), text
    within = claim.seconds[system]
    met = [
        name
        for name, each in seen.items()
        if each.verdict == "ok" and each.value is not None and each.value <= within
    ]
    return (
        CONFIRMED if default in met else REFUTED
    ), f"{text}; within {within:g} s: {listing(met) or 'no arm'}"


def _gone(found: Evidence | None) -> str:
    """The tasks that were hit and not done, by fate: ` (2 lost, 1 stuck)`; empty where none."""
    hit = found.hit if found else {}
    fates = [f"{hit[fate]} {fate}" for fate in ("lost", "stuck", "failed") if hit.get(fate)]
    return f" ({', '.join(fates)})" if fates else ""
