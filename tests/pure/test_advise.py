"""The advisor: what is asked for, its rules, and its answers of made-up arms."""

from pathlib import Path
from typing import Any

import pytest

from bench.advise.asked import Asked, by_asking, checked, from_file
from bench.advise.percentile import rates_around
from bench.advise.ranking import EXCLUDED, MEETS, OPEN, answer
from bench.advise.sizing import ceiling, sustained
from bench.advise.wording import plain, short
from bench.base.errors import UsageError

Points = list[tuple[int, float, float | None]]
# Rate → P99; None where the backlog grew, a text where it was withheld.
Curve = dict[float, float | str | None]
CURVE: Curve = {10.0: 5.0, 110.0: 15.0, 500.0: None}
BACKLOG = 5000
KEPT = "; results kept of more tasks than that are not in it"


def work(points: Points) -> list[dict[str, Any]]:
    return [
        {"workers": count, "rate": rate, "workers_mb": memory, "cells": f"1{count}"}
        for count, rate, memory in points
    ]


def backlog(tasks: int, drain: float | None, memory: float | None) -> dict[str, Any]:
    """Three quarters of the memory are the workers', one the broker's."""
    shares = (None, None) if memory is None else (0.75 * memory, 0.25 * memory)
    return {
        "tasks": tasks,
        "drain": drain,
        "workers_mb": shares[0],
        "broker_mb": shares[1],
        "cpu_ms": 0.5,
        "cells": "004",
    }


def curve(points: Curve) -> list[dict[str, Any]]:
    return [
        {
            "rate": rate,
            "p99": found if isinstance(found, float) else None,
            "grew": found is None,
            "withheld": found if isinstance(found, str) else "",
            "cells": f"2{at}",
        }
        for at, (rate, found) in enumerate(points.items())
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
    p99: Curve = CURVE,
    refused: int = 0,
) -> dict[str, Any]:
    """A made-up arm as `facts` gives it. `rate`: its capacity, and what it drains."""
    seen = {
        "lost": lost,
        "doubled": doubled,
        "stuck": 0,
        "failed": 0,
        "hit": 8,
        "refused": refused,
        "strikes": 3,
        "harmless": 0.05 ** (1 / 3),
        "cells": "009",
    }
    return {
        "arm": name,
        "system": name.split("/")[0],
        "profile": "default",
        "broker": broker,
        "guarantee": "at most once",
        "results": True,
        "capacity": None if rate is None else {"value": rate, "cells": "003"},
        "backlogs": [backlog(BACKLOG, rate, memory)],
        "p99": curve(p99),
        "faults": {"worker-crash": seen},
        "work": {"io": work(io or []), "cpu": work(cpu or [])},
    }


def known(
    *arms: dict[str, Any], features: dict[str, dict[str, str]] | None = None
) -> dict[str, Any]:
    return {
        "workers": 2,
        "cores": 2,
        "work_ms": 10,
        "backlog": BACKLOG,
        "arms": list(arms),
        "features": features or {},
    }


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


def test_none_of_few_is_told_with_how_few_and_with_the_calls_that_were_refused() -> None:
    asked, table = checked({"may_lose": False}), known(arm("a/x", refused=12))
    [found] = [each for each in answer(asked, table)[0].checks if each.requirement == "may_lose"]
    assert found.met
    assert found.text == (
        "0 of 8 lost, stuck or failed in worker-crash (3×); so few strikes show that 36.84 in 100 "
        "do no harm, with 95 % confidence; 12 calls refused"
    )
    nothing_hit = arm("a/x")
    for seen in nothing_hit["faults"].values():
        seen["hit"] = 0
    assert states(asked, known(nothing_hit)) == {"a/x": OPEN}


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


def told(asked: dict[str, Any], table: dict[str, Any], requirement: str) -> dict[str, Any]:
    """Arm → (met, text) of one requirement."""
    return {
        each.arm: (check.met, check.text)
        for each in answer(checked(asked), table)
        for check in each.checks
        if check.requirement == requirement
    }


def p99_of(asked: dict[str, Any], p99: Curve = CURVE) -> tuple[bool | None, str]:
    met, text = told(asked, known(arm("a/x", p99=p99)), "p99_ms")["a/x"]
    return met, text


def test_between_measured_rates_a_line_and_outside_nothing() -> None:
    met, text = p99_of({"rate": 60, "p99_ms": 10})
    assert (met, text) == (True, "10 ms at 60 tasks/s, between 10 and 110 (cells 20 and 21)")
    assert p99_of({"rate": 60, "p99_ms": 9.9})[0] is False
    assert p99_of({"rate": 10, "p99_ms": 5}) == (True, "5 ms at 10 tasks/s (cell 20)")
    for rate in (5, 600):
        assert p99_of({"rate": rate, "p99_ms": 10}) == (
            None,
            f"not known, no latency at {rate} tasks/s was measured: measure it with"
            f" `bench run latency --case rate={rate} --workers 2 --arm a/x`",
        )


def test_beside_a_backlog_that_grew_only_what_is_too_slow_already_is_said() -> None:
    assert p99_of({"rate": 500, "p99_ms": 99}) == (
        False,
        "at 500 tasks/s the backlog grew (cell 22)",
    )
    met, text = p99_of({"rate": 300, "p99_ms": 14})
    assert met is False and text.startswith("15 ms at 110 tasks/s (cell 21) already, and at 500")
    met, text = p99_of({"rate": 300, "p99_ms": 99})
    assert met is None and text.endswith(
        "`bench run latency --case rate=300 --workers 2 --arm a/x`"
    )


def test_a_percentile_that_was_withheld_is_not_known_and_rejects_nobody() -> None:
    stall = "one spell of 0.4 s holds 41 of 52"
    for rate, at in ((10, 10), (60, 110)):
        p99: Curve = {10.0: stall if at == 10 else 5.0, 110.0: stall}
        met, text = p99_of({"rate": rate, "p99_ms": 1}, p99)
        assert met is None and text.startswith(f"not known at {at} tasks/s (cell")
        assert text.endswith(f"withheld: {stall}")


def test_p99_is_read_from_the_same_rates_of_every_arm() -> None:
    """Those that most arms have, of those the closest; the others are told what they lack."""
    few: Curve = {10.0: 1.0}
    more: Curve = {10.0: 1.0, 60.0: 2.0, 110.0: 3.0}
    table = known(arm("a/x"), arm("b/x"), arm("c/x", p99=few), arm("d/x", p99=more))
    assert rates_around(60.0, table["arms"]) == (10.0, 110.0), "60 itself was measured of one only"
    assert rates_around(10.0, table["arms"]) == (10.0, 10.0)
    assert rates_around(501.0, table["arms"]) == (501.0, 501.0)
    assert states(checked({"rate": 60, "p99_ms": 11}), table) == {
        "a/x": MEETS,
        "b/x": MEETS,
        "c/x": OPEN,
        "d/x": MEETS,
    }
    _, text = told({"rate": 60, "p99_ms": 11}, table, "p99_ms")["c/x"]
    assert text.endswith("`bench run latency --case rate=110 --workers 2 --arm c/x`")
    assert rates_around(60.0, known(arm("a/x"), arm("d/x", p99=more))["arms"]) == (10.0, 110.0)
    both = known(arm("a/x", p99=more), arm("d/x", p99=more))
    assert rates_around(60.0, both["arms"]) == (60.0, 60.0), "as many have it, and it is closer"


def test_a_rate_is_a_capacity_and_never_a_drain() -> None:
    slower, unmeasured = arm("a/x", rate=900.0), arm("b/x", rate=None)
    unmeasured["backlogs"] = [backlog(BACKLOG, 5000.0, 100.0)]
    found = told({"rate": 1000}, known(slower, unmeasured), "rate")
    assert found == {
        "a/x": (False, "900 tasks/s sustained by 2 workers (capacity, cell 003)"),
        "b/x": (
            None,
            "not known, no capacity was measured: measure it with"
            " `bench run latency --case capacity --workers 2 --arm b/x`",
        ),
    }


def test_memory_is_that_of_one_backlog() -> None:
    large, small = arm("a/x"), arm("b/x")
    large["backlogs"] = [backlog(BACKLOG, 1.0, 100.0), backlog(100_000, 1.0, 600.0)]
    table = known(large, small)
    assert told({"memory_mb": 200}, table, "memory_mb") == dict.fromkeys(
        ("a/x", "b/x"),
        (True, "100 MB: 2 workers 75, broker 25 at a backlog of 5000 tasks (cell 004)" + KEPT),
    )
    assert told({"memory_mb": 200, "backlog": 100_000}, table, "memory_mb") == {
        "a/x": (
            False,
            "600 MB: 2 workers 450, broker 150 at a backlog of 100000 tasks (cell 004)" + KEPT,
        ),
        "b/x": (
            None,
            "not known, no memory at a backlog of 100000 tasks was measured: measure it with"
            " `bench run burst --tasks 100000 --workers 2 --arm b/x`",
        ),
    }


def test_what_is_not_known_stands_apart_and_wins_by_nothing() -> None:
    table = known(arm("a/x", rate=None), arm("b/x", rate=200.0), arm("c/x", rate=50.0))
    found = answer(checked({"rate": 100, "memory_mb": 1000}), table)
    assert [(each.arm, each.state, each.place) for each in found] == [
        ("b/x", MEETS, 1),
        ("a/x", OPEN, None),
        ("c/x", EXCLUDED, None),
    ]


def test_longer_tasks_take_their_time_beside_the_slots_own() -> None:
    assert sustained(0, 1000.0, 2) == 1000.0
    # 2 ms of its own and 8 of the task in each of 2 slots
    assert sustained(8, 1000.0, 2) == pytest.approx(200.0)
    asked = {"rate": 199, "task_ms": 8}
    met, text = told(asked, known(arm("a/x")), "rate")["a/x"]
    assert met and "extrapolated from 1,000 empty ones (capacity, cell 003)" in text
    _, text = told(asked | {"kind": "cpu"}, known(arm("a/x")), "rate")["a/x"]
    assert text.endswith("`bench run work --case cpu --workers 2 --arm a/x`"), "threads take turns"


def test_what_arithmetic_forbids_needs_no_measure() -> None:
    assert ceiling(checked({"rate": 5, "task_ms": 500}), 2) is None, "as many workers as it takes"
    assert ceiling(checked({"rate": 5, "task_ms": 500, "workers": 3}), 2) == 6
    assert ceiling(checked({"rate": 5, "task_ms": 500, "kind": "cpu"}), 2) == 4
    asked = {"rate": 5, "task_ms": 500, "kind": "cpu"}
    table = known(arm("a/x", rate=None), arm("b/x", cpu=[(2, 160.0, 40.0)]))
    said = (False, "4 tasks/s of 500 ms fill the cores, whoever hands them out")
    assert told(asked, table, "rate") == {"a/x": said, "b/x": said}


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
        "90 tasks/s drained by 1 workers (cell 11), which take 30 MB",
    )
    met, text = rate_of({"rate": 300, "task_ms": 10}, table)
    said = "320 tasks/s drained by 4 workers (between the cells 12 and 18), which take 60 MB"
    assert met and text == said
    met, text = rate_of({"rate": 601, "task_ms": 10}, table)
    assert met is False and text.startswith("at most 600 tasks/s drained by 8 workers")
    assert "1 to 8" in text
    # Theirs and, for every arm at the same backlog, the broker's: 60 and 25 MB.
    asked = {"rate": 300, "task_ms": 10}
    assert states(checked(asked | {"memory_mb": 84}), table) == {"a/x": EXCLUDED}
    assert states(checked(asked | {"memory_mb": 86}), table) == {"a/x": MEETS}
    _, text = told(asked | {"memory_mb": 86}, table, "memory_mb")["a/x"]
    assert text == (
        "85 MB: 4 workers 60 (between the cells 12 and 18), broker 25 at a backlog of 5000 tasks"
        " (cell 004)" + KEPT
    )


def test_where_work_was_measured_of_one_arm_it_is_asked_of_all() -> None:
    """A drain of tasks that wait stands beside nothing that was extrapolated from empty ones."""
    table = known(arm("a/x", io=IO), arm("b/x", rate=5000.0))
    asked = {"rate": 100, "task_ms": 10, "memory_mb": 1000}
    assert states(checked(asked), table) == {"a/x": MEETS, "b/x": OPEN}
    for requirement in ("rate", "memory_mb"):
        met, text = told(asked, table, requirement)["b/x"]
        assert met is None
        assert text.endswith("`bench run work --case sleep --workers 2 --arm b/x`")
    assert states(checked(asked | {"task_ms": 5}), table) == {"a/x": MEETS, "b/x": OPEN}


def test_workers_that_were_asked_for_are_held_to_the_measured_range() -> None:
    table = known(arm("a/x", io=IO))
    assert rate_of({"rate": 300, "task_ms": 10, "workers": 8}, table)[0] is True
    assert rate_of({"rate": 190, "task_ms": 10, "workers": 2}, table)[0] is False
    assert rate_of({"rate": 300, "task_ms": 10, "workers": 9}, table) == (
        None,
        "not known, measured with 1 to 8 workers only",
    )
    met, text = rate_of({"rate": 300, "workers": 4}, table)
    assert met is None and text == (
        "not known, measured with 2 workers only: measure it with"
        " `bench run latency --case capacity --workers 4 --arm a/x`"
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
    met, text = rate_of({"rate": 19.9, "task_ms": 100, "workers": 2}, table)
    assert (
        met is False
        and text.startswith("19.78 tasks/s")
        and "extrapolated from tasks of 10 ms: 90 ms more" in text
    )
    met, text = rate_of({"rate": 16, "task_ms": 100, "kind": "cpu"}, table)
    assert (
        met
        and text.startswith("16 tasks/s drained by 2 workers")
        and "no more computing per second" in text
    )


def test_a_short_task_is_never_faster_than_an_empty_one_is_sustained() -> None:
    made = arm("a/x", rate=800.0, io=IO)
    made["backlogs"] = [backlog(BACKLOG, 1000.0, 100.0)]
    met, text = rate_of({"rate": 900, "task_ms": 0.01}, known(made))
    assert met is False and text.startswith("800 tasks/s with 2 workers: the lesser of")


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
