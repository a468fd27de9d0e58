"""What our data says of a claim: confirmed, refuted, outdated, not testable or not comparable."""

from collections.abc import Iterator, Sequence

from bench.analysis.dataset import Joined
from bench.analysis.formatting import listing
from bench.claims.form import Ability, Claims, Expectation
from bench.claims.measured_claims import ratio_rulings, recovery_rulings, unlike_rulings
from bench.claims.rulings import CONFIRMED, OUTDATED, REFUTED, UNTESTED, Ruling
from bench.model.feature_outcome import UNKNOWN
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
    yield from (_ability(source, ability, features) for ability in claims.ability)
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


def _ability(source: str, claim: Ability, features: Features | None) -> Ruling:
    verdict, text = _tried(claim, features)
    evidence = "; ".join(part for part in (text, claim.reading) if part)
    return Ruling(source, claim.row, claim.system, claim.says, verdict, evidence)


def _tried(claim: Ability, features: Features | None) -> tuple[str, str]:
    """The verdict, and what the trials showed."""
    if features is None:
        return (
            UNTESTED,
            "no features were given: `bench features` makes them, --features names them",
        )
    tried = [_met(expectation, claim.system, features) for expectation in claim.expects]
    text = "; ".join(each for _, each in tried)
    if any(met is None for met, _ in tried):
        return UNTESTED, text
    if all(met for met, _ in tried):
        return CONFIRMED, text
    return (
        (f"{OUTDATED} since {claim.since}", f"{text}; {claim.page}")
        if claim.since
        else (REFUTED, text)
    )


def _met(expected: Expectation, system: str, features: Features) -> tuple[bool | None, str]:
    """Whether it holds, None where it was not tried or came to no end; and what was seen."""
    mine = features.of(system, expected.feature)
    outcome = features.outcome(system, expected.feature)
    if outcome is None:
        return None, f"{expected.feature} was not tried"
    if outcome == UNKNOWN:
        return None, f"{expected.feature} came to no end"
    seen = f"{expected.feature} {outcome}"
    variants = listing([f"{each.variant} {each.outcome}" for each in mine])
    if expected.variants is None:
        return outcome in expected.outcome, f"{seen} ({variants})" if len(mine) > 1 else seen
    count = sum(each.outcome in expected.outcome for each in mine)
    held = count >= expected.variants and (expected.at_most is None or count <= expected.at_most)
    return held, f"{seen}: {variants}"
