"""What our data says of a claim: confirmed, refuted, outdated, not testable or not comparable."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from bench.analysis.dataset import Joined
from bench.analysis.evidence import Evidence, evidence
from bench.analysis.formatting import Figure, cells_of, figure, listing, number, times
from bench.claims.form import (
    Ability,
    Claims,
    Expectation,
    Opinion,
    RatioClaim,
    RecoveryClaim,
    Unlike,
)
from bench.model.feature_outcome import UNKNOWN, Finding
from bench.record.stored_features import Features

CONFIRMED, REFUTED, OUTDATED, UNTESTED, UNLIKE = (
    "confirmed",
    "refuted",
    "outdated",
    "not testable here",
    "not comparable",
)
VERDICTS = (CONFIRMED, REFUTED, OUTDATED, UNTESTED, UNLIKE)
# A ratio twice as large is another claim. Without an interval only half an order of magnitude is
# told apart: √10.
NEAR, APART, ENOUGH_BLOCKS = 2.0, 10**0.5, 3

# Of a cell, in the place of a number.
NOTHING_SEEN = ("missing", "invalid", "withheld", "unavailable", "not_offered")


@dataclass(frozen=True)
class Ruling:
    """A claim and what became of it.

    `evidence`: what was seen, with the cells or trials behind it.
    """

    source: str
    row: str
    who: str
    says: str
    verdict: str
    evidence: str


def rule(
    claims: Sequence[Claims], joined: Joined | None, features: Features | None
) -> list[Ruling]:
    """Every claim of every file, in their order.

    Without runs, or without features, what needs them is not testable here.
    """
    found: list[Ruling] = []
    for each in claims:
        name = each.source.name
        found += [_ability(name, ability, features) for ability in each.ability]
        found += [
            Ruling(
                name,
                opinion.row,
                listing(list(opinion.says)),
                _said(opinion),
                UNTESTED,
                opinion.why,
            )
            for opinion in each.opinion
        ]
        found += [ruling for ratio in each.ratio for ruling in _ratio(name, ratio, joined)]
        found += [ruling for unlike in each.unlike for ruling in _unlike(name, unlike, joined)]
        found += [
            ruling for recovery in each.recovery for ruling in _recovery(name, recovery, joined)
        ]
    return found


def _said(claim: Opinion | Unlike) -> str:
    return "; ".join(f"{system}: {text}" for system, text in claim.says.items())


def _ability(source: str, claim: Ability, features: Features | None) -> Ruling:
    def ruled(verdict: str, text: str) -> Ruling:
        return Ruling(
            source,
            claim.row,
            claim.system,
            claim.says,
            verdict,
            "; ".join(part for part in (text, claim.reading) if part),
        )

    if features is None:
        return ruled(
            UNTESTED, "no features were given: `bench features` makes them, --features names them"
        )
    tried = [_met(expectation, claim.system, features) for expectation in claim.expects]
    text = "; ".join(each for _, each in tried)
    if any(met is None for met, _ in tried):
        return ruled(UNTESTED, text)
    if all(met for met, _ in tried):
        return ruled(CONFIRMED, text)
    return (
        ruled(f"{OUTDATED} since {claim.since}", f"{text}; {claim.page}")
        if claim.since
        else ruled(REFUTED, text)
    )


def _met(expected: Expectation, system: str, features: Features) -> tuple[bool | None, str]:
    """Whether it holds, None where it was not tried or came to no end; and what was seen."""
    mine, outcome = (
        features.of(system, expected.feature),
        features.outcome(system, expected.feature),
    )
    if outcome is None or outcome == UNKNOWN:
        return (
            None,
            f"{expected.feature} was not tried"
            if outcome is None
            else f"{expected.feature} came to no end",
        )
    seen = f"{expected.feature} {outcome}"
    if expected.variants is None:
        return (
            outcome in expected.outcome,
            f"{seen}{f' ({listing(_variants(mine))})' if len(mine) > 1 else ''}",
        )
    count = sum(each.outcome in expected.outcome for each in mine)
    held = count >= expected.variants and (expected.at_most is None or count <= expected.at_most)
    return held, f"{seen}: {listing(_variants(mine))}"


def _variants(findings: Iterable[Finding]) -> list[str]:
    return [f"{each.variant} {each.outcome}" for each in findings]


def measured(joined: Joined, arm: str, scenario: str, case: str, metric: str) -> Figure:
    """One figure of an arm; `memory` is the peak of workers and broker together."""
    if metric != "memory":
        return figure(joined.rows(scenario, case, arm, metric), metric)
    rows = [
        joined.rows(scenario, case, arm, f"{who}_memory_peak_bytes") for who in ("worker", "broker")
    ]
    parts = [
        figure(each, f"{who}_memory_peak_bytes")
        for each, who in zip(rows, ("worker", "broker"), strict=True)
    ]
    if not all(part.is_number for part in parts):
        return next(part for part in parts if not part.is_number)
    total = sum(float(part.value or 0) for part in parts)
    return Figure(f"{number(total / 1e6)} MB", total, cells=cells_of(rows[0]))


def _ratio(source: str, claim: RatioClaim, joined: Joined | None) -> list[Ruling]:
    """A ruling for each pair of systems, by their default profiles.

    With runs there is one for each published number as well: by which arm it is reached.
    """
    rulings = []
    for a, b in combinations(claim.values, 2):
        said = claim.values[a] / claim.values[b]
        verdict, text = _pair(claim, joined, a, b, said)
        rulings.append(
            Ruling(
                source, claim.row, f"{a} : {b}", f"{claim.says} ({times(said)} : 1)", verdict, text
            )
        )
    if joined is not None:
        rulings += [
            _reached(source, claim, joined, system, value) for system, value in claim.values.items()
        ]
    return rulings


def _pair(claim: RatioClaim, joined: Joined | None, a: str, b: str, said: float) -> tuple[str, str]:
    if joined is None:
        return UNTESTED, "no run was given"
    found = {
        system: measured(joined, f"{system}/default", claim.scenario, claim.case, claim.metric)
        for system in (a, b)
    }
    for system, each in found.items():
        if not each.is_number or not each.value:
            return UNTESTED, f"{system}/default has no such figure here ({each.text})"
    ratio = float(found[a].value or 0) / float(found[b].value or 1)
    off = max(ratio / said, said / ratio)
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
    arms = [
        name
        for name in joined.arms_of(claim.scenario, claim.case)
        if joined.arms[name].system == system
    ]
    figures = {
        name: measured(joined, name, claim.scenario, claim.case, claim.metric) for name in arms
    }
    known = {name: each for name, each in figures.items() if each.is_number and each.value}
    more = [name for name, each in known.items() if float(each.value or 0) >= value]
    shown = listing([f"{name} {each.text}" for name, each in known.items()]) or "no figure"
    reached = f"reached by {listing(more)}" if more else "reached by none"
    said = f"{number(value / 1e6)} MB" if claim.unit == "bytes" else f"{number(value)} {claim.unit}"
    return Ruling(
        source, claim.row, system, said, UNLIKE, f"another machine; here {shown}: {reached}"
    )


def _unlike(source: str, claim: Unlike, joined: Joined | None) -> list[Ruling]:
    rulings = []
    for system, text in claim.says.items():
        ours = (
            measured(joined, f"{system}/default", claim.scenario, claim.case, claim.metric)
            if joined
            else Figure("not run")
        )
        unit = " ms" if ours.is_number else ""
        cells = f" (cell {ours.cells})" if ours.cells else ""
        beside = f"; ours at {claim.case.replace('=', ' ')}: {ours.text}{unit}{cells}"
        rulings.append(Ruling(source, claim.row, system, text, UNLIKE, claim.why + beside))
    return rulings


def _recovery(source: str, claim: RecoveryClaim, joined: Joined | None) -> list[Ruling]:
    return [
        Ruling(source, claim.row, system, text, *_recovered(claim, system, joined))
        for system, text in claim.says.items()
    ]


def _recovered(claim: RecoveryClaim, system: str, joined: Joined | None) -> tuple[str, str]:
    """Against the default profile; other arms of the system are named where they meet it."""
    if joined is None:
        return UNTESTED, "no run was given"
    arms = [
        name
        for name in joined.arms_of("recovery", claim.fault)
        if joined.arms[name].system == system
    ]
    if f"{system}/default" not in arms:
        return UNTESTED, f"{system}/default was not struck by a {claim.fault} here"
    seen = {
        name: figure(
            joined.rows("recovery", claim.fault, name, "work_recovery_s"), "work_recovery_s"
        )
        for name in arms
    }
    fates = {name: found for name in arms if (found := evidence(joined, claim.fault, name))}
    shown = listing([_told(name, seen[name], fates) for name in arms])
    text = f"{shown}; {claim.reading}" if claim.reading else shown
    default = f"{system}/default"
    if seen[default].verdict in NOTHING_SEEN:
        return UNTESTED, text
    if system in claim.manual:
        struck = fates.get(default)
        needs = struck is not None and (
            struck.hit["lost"] or struck.hit["stuck"] or struck.hit["failed"]
        )
        return (CONFIRMED if needs else REFUTED), text
    within = claim.seconds[system]
    met = [
        name
        for name in arms
        if seen[name].verdict == "ok"
        and seen[name].value is not None
        and float(seen[name].value or 0) <= within
    ]
    others = f"; within {within:g} s: {listing(met)}" if met else f"; within {within:g} s: no arm"
    return (CONFIRMED if default in met else REFUTED), text + others


def _told(name: str, work: Figure, fates: Mapping[str, Evidence]) -> str:
    found = fates.get(name)
    gone = (
        ", ".join(
            f"{found.hit[fate]} {fate}" for fate in ("lost", "stuck", "failed") if found.hit[fate]
        )
        if found
        else ""
    )
    return f"{name} {work.text} s{f' ({gone})' if gone else ''}"
