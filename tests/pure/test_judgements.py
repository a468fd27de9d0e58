"""What the judges say of systems that keep their word and of ones that break it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.features.judges import JUDGES, judge
from bench.features.judges.judge_pools import model
from bench.features.judges.judge_queues import inversions
from bench.inprocess.trials.spans import most
from bench.model.feature import FEATURES
from bench.model.feature_outcome import BROKEN, NOT_OFFERED, PARTLY, UNKNOWN, WORKS, together
from tests.stand_ins import CASES, span

# What they ask has no wrong answer: a cost is a cost, and a package says of itself what it says.
NO_BROKEN = {"monitor.cost", "community.package"}


@pytest.mark.parametrize(
    ("feature", "observed", "outcome"),
    CASES,
    ids=[f"{feature}-{outcome}-{number}" for number, (feature, _, outcome) in enumerate(CASES)],
)
def test_each_stand_in_is_seen_through(
    feature: str, observed: dict[str, Any], outcome: str
) -> None:
    found = judge(feature, observed)
    assert found.outcome == outcome, found.text
    assert found.text


def test_every_feature_has_a_judge_and_every_judge_a_broken_stand_in() -> None:
    assert set(JUDGES) == set(FEATURES)
    assert {feature for feature, _, outcome in CASES if outcome == BROKEN} == set(
        FEATURES
    ) - NO_BROKEN
    assert {feature for feature, _, outcome in CASES if outcome == WORKS} == set(FEATURES)


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_an_observation_that_lacks_something_is_unknown_and_never_a_no(feature: str) -> None:
    assert judge(feature, {}).outcome == UNKNOWN


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_a_refusal_and_an_absence_are_not_offered(feature: str) -> None:
    assert judge(feature, {"refused": "ConfigurationError: no coroutines"}).outcome == NOT_OFFERED
    assert judge(feature, {"absent": "nothing named like it"}).outcome == NOT_OFFERED


def test_variants_together() -> None:
    assert together([WORKS, WORKS]) == WORKS
    assert together([WORKS, BROKEN]) == together([PARTLY, NOT_OFFERED]) == PARTLY
    assert together([UNKNOWN, WORKS]) == WORKS
    assert together([UNKNOWN]) == together([]) == UNKNOWN
    assert together([BROKEN, NOT_OFFERED]) == BROKEN


@given(st.lists(st.integers(1, 3), max_size=40))
def test_inversions_are_those_of_a_plain_count(order: list[int]) -> None:
    pairs = [(a, b) for n, a in enumerate(order) for b in order[n + 1 :] if a != b]
    assert inversions(order) == (sum(a < b for a, b in pairs), len(pairs))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=12))
def test_most_at_a_time_is_that_of_a_plain_look_at_each_moment(
    drawn: list[tuple[int, int]],
) -> None:
    spans = [span(start, start + length) for start, length in drawn]
    moments = [each["started_ns"] for each in spans]
    assert most(spans) == max(
        (sum(s["started_ns"] <= at < s["finished_ns"] for s in spans) for at in moments), default=0
    )


def test_a_pool_is_known_by_what_ran_and_not_by_its_name() -> None:
    assert model([span(0, 10), span(10, 20)]) == "one at a time"
    assert model([span(0, 10, pid=1), span(5, 20, pid=2)]) == "processes"
    assert model([span(0, 10, thread=1), span(5, 20, thread=2)]) == "threads"
    assert model([span(0, 10, greenlet=1), span(5, 20, greenlet=2)]) == "greenlets"
