"""The advisor: what is asked for, its rules, and its answers of made-up arms."""

from pathlib import Path
from typing import Any

import pytest

from bench.advise.asked import Asked, by_asking, checked, from_file
from bench.advise.ranking import EXCLUDED, MEETS, OPEN, answer
from bench.advise.rules import at_rate, sustained
from bench.advise.wording import plain, short
from bench.base.errors import UsageError

Points = list[tuple[int, float, float | None]]


def work(points: Points) -> list[dict[str, Any]]:
    return [
        {"workers": count, "rate": rate, "memory": memory, "cells": f"1{count}"}
        for count, rate, memory in points
    ]


def arm(
    name: str,
    rate: float | None = 1000.0,
    memory: float | None = 100.0,
    lost: int = 0,
    doubled: int = 0,
    broker: str = "redis",
    io: Points | None = None,
    cpu: Points | None = None,
) -> dict[str, Any]:
    """A made-up arm as `facts` gives it."""
    seen = {
        "lost": lost,
        "doubled": doubled,
        "stuck": 0,
        "failed": 0,
        "hit": 8,
        "below": 0.375,
        "cells": "009",
    }
    points = [
        {"rate": 10.0, "p99": 5.0, "case": "rate=10", "cells": "1"},
        {"rate": 110.0, "p99": 15.0, "case": "rate=110", "cells": "2"},
    ]
    return {
        "arm": name,
        "system": name.split("/")[0],
        "profile": "default",
        "broker": broker,
        "guarantee": "at most once",
        "rate": None if rate is None else {"value": rate, "what": "capacity", "cells": "003"},
        "memory": None if memory is None else {"value": memory, "what": "burst", "cells": "004"},
        "p99": [*points, {"rate": 500.0, "p99": None, "case": "rate=500", "cells": "3"}],
        "faults": {"worker-crash": seen},
        "work": {"io": work(io or []), "cpu": work(cpu or [])},
    }


def known(
    *arms: dict[str, Any], features: dict[str, dict[str, str]] | None = None
) -> dict[str, Any]:
    return {"workers": 2, "cores": 2, "work_ms": 10, "arms": list(arms), "features": features or {}}


def states(asked: Asked, table: dict[str, Any]) -> dict[str, str]:
    return {each.arm: each.state for each in answer(asked, table)}


def test_nothing_asked_for_excludes_nobody() -> None:
    assert states(Asked(), known(arm("a/x"), arm("b/x"))) == {"a/x": MEETS, "b/x": MEETS}


def test_each_requirement_excludes_by_its_own_number() -> None:
    table = known(
        arm("a/x"),
        arm("b/x", rate=10.0, memory=900.0, lost=1, doubled=1, broker="rabbitmq"),
        features={"a": {"flow.chord": "works"}, "b": {"flow.chord": "broken"}},
    )
    for asked in (
        {"rate": 100},
        {"memory_mb": 256},
        {"may_lose": False},
        {"may_double": False},
        {"brokers": ("redis",)},
        {"needs": ("flow.chord",)},
    ):
        assert states(checked(asked), table) == {"a/x": MEETS, "b/x": EXCLUDED}, asked


def test_what_is_not_known_is_neither_met_nor_excluded() -> None:
    table = known(arm("a/x", rate=None, memory=None))
    for asked in (
        {"rate": 1},
        {"memory_mb": 1},
        {"needs": ("flow.chord",)},
        {"rate": 50, "p99_ms": 1000, "task_ms": 5},
        {"p99_ms": 5},
    ):
        assert states(checked(asked), table) == {"a/x": OPEN}, asked


def test_between_measured_rates_a_line_and_outside_nothing() -> None:
    points = arm("a/x")["p99"]
    assert at_rate(points, 60.0)[0] == pytest.approx(10.0)
    assert at_rate(points, 10.0)[0] == 5.0
    for rate, words in ((5.0, "only"), (600.0, "only"), (300.0, "backlog")):
        found, why = at_rate(points, rate)
        assert found is None and words in why


def test_longer_tasks_take_their_time_beside_the_slots_own() -> None:
    assert sustained(0, "io", 1000.0, 2, 2) == 1000.0
    assert sustained(8, "io", 1000.0, 2, 2) == pytest.approx(
        200.0
    )  # 2 ms of its own and 8 of the task in each of 2 slots
    assert sustained(8, "cpu", 1000.0, 8, 2) == pytest.approx(2 / 0.016)  # no more slots than cores


IO: Points = [(1, 90.0, 30.0), (2, 180.0, 40.0), (8, 600.0, 100.0)]


def rate_of(asked: dict[str, Any], table: dict[str, Any]) -> tuple[bool | None, str]:
    check = next(
        check for check in answer(checked(asked), table)[0].checks if check.requirement == "rate"
    )
    return check.met, check.text


def test_the_fewest_workers_that_do_it_are_named_with_their_memory() -> None:
    table = known(arm("a/x", io=IO))
    assert rate_of({"rate": 90, "task_ms": 10}, table) == (
        True,
        "90 tasks/s with 1 workers (cell 11), 30 MB",
    )
    met, text = rate_of({"rate": 300, "task_ms": 10}, table)
    assert met and text == "320 tasks/s with 4 workers (between the cells 12 and 18), 60 MB"
    met, text = rate_of({"rate": 601, "task_ms": 10}, table)
    assert (
        met is False and text.startswith("at most 600 tasks/s with 8 workers") and "1 to 8" in text
    )
    assert states(checked({"rate": 300, "task_ms": 10, "memory_mb": 59}), table) == {
        "a/x": EXCLUDED
    }
    assert states(checked({"rate": 300, "task_ms": 10, "memory_mb": 61}), table) == {"a/x": MEETS}


def test_workers_that_were_asked_for_are_held_to_the_measured_range() -> None:
    table = known(arm("a/x", io=IO))
    assert rate_of({"rate": 300, "task_ms": 10, "workers": 8}, table)[0] is True
    assert rate_of({"rate": 300, "task_ms": 10, "workers": 2}, table)[0] is False
    assert rate_of({"rate": 300, "task_ms": 10, "workers": 9}, table) == (
        None,
        "measured with 1 to 8 workers only",
    )
    assert rate_of({"rate": 300, "workers": 4}, table) == (
        None,
        "tasks of 0 ms were measured with 2 workers only",
    )
    assert states(checked({"memory_mb": 500, "workers": 4}), table) == {"a/x": OPEN}
    assert states(checked({"rate": 60, "p99_ms": 11, "workers": 2}), table) == {"a/x": MEETS}
    assert states(checked({"rate": 60, "p99_ms": 11, "workers": 4}), table) == {"a/x": OPEN}, (
        "latency was measured with two"
    )


def test_other_lengths_lie_between_measured_ones_or_are_called_extrapolated() -> None:
    table = known(arm("a/x", rate=1000.0, io=IO, cpu=[(2, 160.0, 40.0)]))
    met, text = rate_of({"rate": 300, "task_ms": 5}, table)
    assert met and "305.1" in text and "extrapolated" not in text and "between" in text
    met, text = rate_of({"rate": 20, "task_ms": 100, "workers": 2}, table)
    assert (
        met is False
        and text.startswith("19.78 tasks/s")
        and "extrapolated from tasks of 10 ms: 90 ms more" in text
    )
    met, text = rate_of({"rate": 16, "task_ms": 100, "kind": "cpu"}, table)
    assert (
        met
        and text.startswith("16 tasks/s with 2 workers")
        and "no more computing per second" in text
    )


def test_ties_are_called_ties() -> None:
    found = answer(
        checked({"rate": 100}),
        known(arm("a/x", rate=1000.0), arm("b/x", rate=950.0), arm("c/x", rate=500.0)),
    )
    assert [(each.arm, each.place) for each in found] == [("a/x", 1), ("b/x", 1), ("c/x", 3)]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rate": -1}, "greater than 0"),
        ({"rat": 1}, "not permitted"),
        ({"needs": ["flow.chrd"]}, "did you mean flow.chord"),
        ({"brokers": ["kafka"]}, "broker"),
        ({"kind": "gpu"}, "kind"),
    ],
)
def test_bad_requirements_are_one_line(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        checked(values)


def test_a_file_and_questions_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "asked.toml").write_text(
        'rate = 100\nmay_lose = false\nneeds = ["flow.chord"]\n', encoding="utf-8"
    )
    answers = {"rate": "100", "may_lose": "no", "needs": "flow.chord"}
    asked = by_asking(lambda text: answers.get(text.split(":")[0], ""))
    assert checked(asked) == checked(from_file(tmp_path / "asked.toml"))
    (tmp_path / "bad.toml").write_text("rate 100", encoding="utf-8")
    with pytest.raises(UsageError, match="TOML"):
        from_file(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("value", "shortened", "whole"),
    [
        (0, "0", "0"),
        (100.0, "100", "100"),
        (8500.0, "8,500", "8500"),
        (305.084745, "305.1", "305.085"),
        (12345.678, "12,350", "12345.7"),
        (1234.5, "1,235", "1234.5"),  # a tie goes up, as in a browser
        (1.2345, "1.234", "1.2345"),  # no tie: the stored number is a little smaller
        (0.0625, "0.0625", "0.0625"),
        (10.3 - 10, "0.3", "0.3"),
    ],
)
def test_numbers_in_the_answers(value: float, shortened: str, whole: str) -> None:
    assert (short(value), plain(value)) == (shortened, whole)
