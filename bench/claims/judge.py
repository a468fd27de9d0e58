"""What our data says of each claim: one of the verdicts that `rulings` defines."""

from collections.abc import Collection, Iterator, Sequence

from bench.analysis.dataset import Joined
from bench.analysis.formatting import listing
from bench.claims.form import Ability, Claims, Expectation
from bench.claims.measured_claims import ratio_rulings, unlike_rulings
from bench.claims.recovery_claims import recovery_rulings
from bench.claims.rulings import CONFIRMED, DEPENDS, OUTDATED, REFUTED, UNTESTED, Ruling
from bench.model.feature_outcome import NOT_OFFERED, UNKNOWN, together
from bench.record.stored_features import Features


def rule(
    claims: Sequence[Claims], joined: Joined | None, features: Features | None
) -> list[Ruling]:
    """Every claim of every file, in their order.

    Without runs, or without features, what needs them is not testable here.
    """
    return [ruling for each in claims for ruling in _of_file(each, joined, features)]


def _of_file(claims: Claims, joined: Joined | None, features: Features | None) -> Iterator[Ruling]:
    source = claims.source.name
    yield from (_ability(source, each, features, claims.separate) for each in claims.ability)
    for opinion in claims.opinion:
        says = "; ".join(f"{system}: {text}" for system, text in opinion.says.items())
        who = listing(list(opinion.says))
        yield Ruling(source, opinion.row, who, says, UNTESTED, opinion.why)
    for ratio in claims.ratio:
        yield from ratio_rulings(source, ratio, joined)
    for unlike in claims.unlike:
        yield from unlike_rulings(source, unlike, joined)
    for recovery in claims.recovery:
        yield from recovery_rulings(source, recovery, joined)


def _ability(
    source: str, claim: Ability, features: Features | None, separate: Collection[str]
) -> Ruling:
    verdict, text = _tried(claim, features, separate)
    evidence = "; ".join(part for part in (text, claim.reading) if part)
    return Ruling(source, claim.row, claim.system, claim.says, verdict, evidence)


def _tried(claim: Ability, features: Features | None, separate: Collection[str]) -> tuple[str, str]:
    """The verdict, and what the trials showed.

    One yardstick for all claims: a system is judged by what it has itself, and with the separate
    packages that were tried. Where the two come out alike that is the verdict; else it depends.
    """
    if features is None:
        return (
            UNTESTED,
            "no features were given: `bench features` makes them, --features names them",
        )
    itself, text = _all_met(claim, features, separate)
    beside, text_beside = _all_met(claim, features, ())
    if itself is None or beside is None:
        return UNTESTED, text_beside if beside is None else text
    if itself != beside:
        names = listing(_packages(claim, features, separate))
        return DEPENDS, f"by itself: {text}; with {names}, a separate package: {text_beside}"
    if beside:
        return CONFIRMED, text_beside
    return (
        (f"{OUTDATED} since {claim.since}", f"{text_beside}; {claim.page}")
        if claim.since
        else (REFUTED, text_beside)
    )


def _all_met(
    claim: Ability, features: Features, without: Collection[str]
) -> tuple[bool | None, str]:
    """Whether every expectation holds, None where one was not tried; and what was seen."""
    tried = [
        _met(each, claim.system, features, {*without} - {each.package}) for each in claim.expects
    ]
    text = "; ".join(seen for _, seen in tried)
    return None if any(met is None for met, _ in tried) else all(met for met, _ in tried), text


def _met(
    expected: Expectation, system: str, features: Features, without: set[str]
) -> tuple[bool | None, str]:
    """Whether it holds, None where it was not tried or came to no end; and what was seen.

    A trial that took one of the packages of `without` does not count.
    """
    every = features.of(system, expected.feature)
    mine = [each for each in every if not without & each.versions.keys()]
    if not every:
        return None, f"{expected.feature} was not tried"
    outcome = together([each.outcome for each in mine]) if mine else NOT_OFFERED
    if outcome == UNKNOWN:
        return None, f"{expected.feature} came to no end"
    seen = f"{expected.feature} {outcome}"
    variants = listing([f"{each.variant} {each.outcome}" for each in mine])
    if expected.variants is None:
        return outcome in expected.outcome, f"{seen} ({variants})" if len(mine) > 1 else seen
    count = sum(each.outcome in expected.outcome for each in mine)
    held = count >= expected.variants and (expected.at_most is None or count <= expected.at_most)
    return held, f"{seen}: {variants}"


def _packages(claim: Ability, features: Features, separate: Collection[str]) -> list[str]:
    """The separate packages that the trials of a claim took, each once."""
    used = [
        name
        for expected in claim.expects
        for each in features.of(claim.system, expected.feature)
        for name in each.versions
    ]
    return [name for name in dict.fromkeys(used) if name in separate]
