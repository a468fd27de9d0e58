"""Ten written cases, answered from the reference, with the reason why the answer has to be so."""

import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from shlex import split
from typing import Any, NamedTuple

import pytest

from bench.advise.asked import checked
from bench.advise.facts import facts, rates
from bench.advise.ranking import EXCLUDED, MEETS, OPEN, Candidate, answer
from bench.advise.sizing import sustained
from bench.analysis import stored_measures
from bench.analysis.dataset import join
from bench.claims.published_tree import branches
from bench.model.systems import load_adapters
from bench.record.stored_features import open_features
from bench.run.plan import cells, make_plan

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
SAFE = {"celery/durable@redis-always", "celery/durable@rabbitmq", "rq/durable@redis-always"}
HUEY = {
    "huey/default",
    "huey/default@redis-always",
    "huey/default@redis-everysec",
    "huey/default@sqlite",
    "huey/durable@redis-always",
    "huey/tuned",
}


class Case(NamedTuple):
    """What it is, what is asked for, and the answer.

    `meets`: the arms that have to meet it and no others, once all were measured alike. `told`:
    those of which the reference, as it was measured, lets one say so. `excluded`: what must be
    excluded, by which requirement.
    """

    what: str
    asked: dict[str, Any]
    meets: set[str]
    told: set[str]
    excluded: dict[str, str]


CASES = [
    # Nothing may be lost, twice is no harm: every arm that declares at least once, and kept to it.
    # Not told: of these no tasks that wait were measured. They had been accepted by what they
    # drained of empty ones, beside others that were asked by tasks of 10 ms.
    Case(
        "a web shop's mails",
        {"rate": 5, "task_ms": 300, "may_lose": False, "needs": ["delay.retry"]},
        SAFE,
        set(),
        {"huey/durable@redis-always": "may_lose"},
    ),
    # Neither lost nor twice: RabbitMQ gives back what runs when its connection closes.
    # Not told: of the durable arms a drain was measured and no capacity.
    Case(
        "payments",
        {"rate": 20, "may_lose": False, "may_double": False},
        SAFE - {"celery/durable@rabbitmq"},
        set(),
        {"celery/durable@rabbitmq": "may_double", "celery/default": "may_lose"},
    ),
    # Half a second of computing fills both cores at 4/s, whoever hands it out: nobody does 5.
    Case(
        "thumbnails at 5/s",
        {"rate": 5, "task_ms": 500, "kind": "cpu"},
        set(),
        set(),
        {"celery/tuned": "rate", "huey/tuned": "rate"},
    ),
    # 32 threads of Huey do 1,268/s of it and as many greenlets 2,131; Celery's threads end at
    # 700/s, processes were measured up to 8. celery/tuned had been rejected by a drain of empty
    # tasks: of tasks that wait nothing was measured.
    Case(
        "10 ms of waiting, 1,000/s",
        {"rate": 1000, "task_ms": 10},
        {"huey/default", "huey/greenlet"},
        {"huey/default", "huey/greenlet"},
        {
            "celery/default": "rate",
            "celery/threads": "rate",
            "celery/gevent": "rate",
            "rq/default": "rate",
            "celery/tuned": "rate",
        },
    ),
    # Without any server only Huey has something to run on. Not told: a drain, no capacity.
    Case(
        "256 MiB and no server",
        {"rate": 50, "memory_mb": 256, "brokers": ["sqlite"]},
        {"huey/default@sqlite"},
        set(),
        {"rq/default": "brokers"},
    ),
    # Measured at that rate, and RQ cannot bear it. Celery's P99 there is withheld: not known.
    Case(
        "somebody waits for it",
        {"rate": 300, "p99_ms": 15},
        {"huey/default"},
        {"huey/default"},
        {"rq/default": "p99_ms"},
    ),
    # 4,000/s need the tuned profiles, and they give up acknowledgement and results for it. Not
    # told: a drain of 20,000 tasks was measured, no capacity.
    Case(
        "a firehose",
        {"rate": 4000},
        {"celery/tuned", "huey/tuned"},
        set(),
        {"huey/default": "rate", "rq/tuned": "rate"},
    ),
    # RabbitMQ means Celery, and no loss means its durable profile. Not told: a drain, no capacity.
    Case(
        "RabbitMQ, nothing lost",
        {"rate": 300, "may_lose": False, "brokers": ["rabbitmq"]},
        {"celery/durable@rabbitmq"},
        set(),
        {"rq/tuned": "brokers"},
    ),
    # Signed messages leave RQ out, 64 MB leave Celery out. Told of one: of the others a drain was
    # measured and no capacity, and of the tuned no memory at the backlog of the others.
    Case(
        "signed, in 64 MB",
        {"rate": 100, "memory_mb": 64, "needs": ["security.signing"]},
        HUEY,
        {"huey/default"},
        {"celery/tuned": "memory_mb", "rq/tuned": "security.signing"},
    ),
    # A rate limit leaves RQ out, stopping what runs leaves Huey out. Told of one: of the others a
    # drain was measured and no capacity.
    Case(
        "limited and stoppable",
        {"rate": 700, "needs": ["limit.rate", "cancel.running"]},
        {
            "celery/default",
            "celery/default@rabbitmq",
            "celery/default@redis-everysec",
            "celery/durable@rabbitmq",
            "celery/tuned",
        },
        {"celery/default"},
        {"huey/tuned": "cancel.running", "rq/tuned": "limit.rate"},
    ),
]
# What the same three were answered when each arm was held against whatever it had.
UNLIKE: list[dict[str, Any]] = [
    {"rate": 1600},
    {"memory_mb": 200},
    {"memory_mb": 200, "backlog": 100_000},
    {"rate": 1000, "p99_ms": 20},
]
IDS = [case.what for case in CASES]


@cache
def known() -> dict[str, Any]:
    runs = [
        stored_measures.open_measured(path.parent)
        for path in sorted(
            REFERENCE.glob("*/run.json"), key=lambda path: (path.parent.name != "main", path)
        )
    ]
    return facts(join(runs), open_features(REFERENCE / "features"))


@cache
def alike() -> dict[str, Any]:
    """The reference as if all arms had been measured alike.

    What an arm lacks is made up of what it drained, which is no measure of it: this holds the
    rules to the ten answers, not the arms.
    """
    table = deepcopy(known())
    for arm in (each for each in table["arms"] if each["backlogs"]):
        point = arm["backlogs"][0]
        waits = {"workers": 2, "rate": sustained(10, point["drain"], 2), "cells": "none"}
        waits["workers_mb"] = point["workers_mb"]
        arm["capacity"] = arm["capacity"] or {"value": point["drain"], "cells": "none"}
        arm["backlogs"] = [*arm["backlogs"], point | {"tasks": table["backlog"]}]
        arm["work"]["io"] = arm["work"]["io"] or [waits]
    return table


def found_in(table: dict[str, Any], asked: dict[str, Any]) -> dict[str, Candidate]:
    return {each.arm: each for each in answer(checked(asked), table)}


def meeting(found: dict[str, Candidate]) -> set[str]:
    return {name for name, each in found.items() if each.state == MEETS}


def against(found: Candidate) -> set[str]:
    return {check.requirement for check in found.checks if check.met is False}


def text_of(found: Candidate, requirement: str) -> str:
    return next(each.text for each in found.checks if each.requirement == requirement)


def test_each_measure_stands_by_its_own_name() -> None:
    (huey,) = (arm for arm in known()["arms"] if arm["arm"] == "huey/default")
    assert round(huey["capacity"]["value"]) == 1481
    drains = {point["tasks"]: round(point["drain"]) for point in huey["backlogs"]}
    assert drains == {5000: 2074, 100_000: 1738}
    assert huey["backlogs"][-1]["cpu_ms"] == pytest.approx(0.583, abs=0.001)
    assert [point["rate"] for point in huey["p99"]] == [30, 300]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_ten_cases(case: Case) -> None:
    found = found_in(alike(), case.asked)
    assert meeting(found) == case.meets
    for name, requirement in case.excluded.items():
        assert found[name].state == EXCLUDED and against(found[name]) >= {requirement}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_reference_tells_what_was_measured_alike_and_no_more(case: Case) -> None:
    """What has to meet it is never excluded, what has to be excluded never meets it."""
    found = found_in(known(), case.asked)
    assert meeting(found) == case.told
    assert all(found[name].state == OPEN for name in case.meets - case.told)
    assert all(found[name].state in (EXCLUDED, OPEN) for name in case.excluded)


def test_a_capacity_is_never_held_beside_a_drain() -> None:
    """1,481/s sustained, and 1,973/s drained of a backlog with Redis synced beside it."""
    found = found_in(known(), {"rate": 1600})
    assert text_of(found["huey/default"], "rate").startswith("1,481 tasks/s sustained by 2 workers")
    assert found["huey/default"].state == EXCLUDED
    assert found["huey/default@redis-everysec"].state == OPEN
    assert meeting(found) == set()


def test_memory_is_never_held_beside_that_of_another_backlog() -> None:
    """558 MB with 100,000 results of RQ, 111 MB with 5,000."""
    names = ("rq/default", "rq/default@redis-everysec")
    found = found_in(known(), {"memory_mb": 200})
    assert {found[name].state for name in names} == {MEETS}
    texts = [text_of(found[name], "memory_mb") for name in names]
    assert all("at a backlog of 5000 tasks" in text for text in texts)
    found = found_in(known(), {"memory_mb": 200, "backlog": 100_000})
    assert [found[name].state for name in names] == [EXCLUDED, OPEN]
    assert text_of(found[names[0]], "memory_mb").startswith("558.4 MB")


def test_a_p99_is_never_read_between_the_loads_of_one_arm() -> None:
    """Huey's 32 ms at seven tenths of its capacity are one stall, of a rate that no other has."""
    found = found_in(known(), {"rate": 1000, "p99_ms": 20})
    huey = found["huey/default"]
    assert huey.state == OPEN and against(huey) == set()
    assert text_of(huey, "p99_ms").endswith(
        "`bench run latency --case rate=1000 --workers 2 --arm huey/default`"
    )
    assert against(found["celery/default"]) == {"rate"}


MEASURES: dict[str, Callable[[str], set[str]]] = {
    "rate": lambda text: set(re.findall(r"sustained by|drained by|lesser of|fill the", text)),
    "memory_mb": lambda text: set(re.findall(r"backlog of (\d+) tasks", text)),
    "p99_ms": lambda text: set(re.findall(r"between (\d+) and (\d+)", text)),
}


@pytest.mark.parametrize("asked", [*(case.asked for case in CASES), *UNLIKE])
def test_what_decides_is_one_measure_for_all_arms(asked: dict[str, Any]) -> None:
    for table in (known(), alike()):
        for requirement, measure in MEASURES.items():
            used = [
                measure(check.text)
                for each in answer(checked(asked), table)
                for check in each.checks
                if check.requirement == requirement and check.met is not None
            ]
            assert len(set().union(*used)) <= 1, requirement


def planned(line: str) -> int:
    """How many cells a line of the answer would measure."""
    words = split(line)
    assert words[:2] == ["bench", "run"]
    given: dict[str, list[str]] = {"case": [], "arm": [], "tasks": [], "workers": []}
    for name, value in zip(words[3::2], words[4::2], strict=True):
        given[name.removeprefix("--")].append(value)
    numbers = {name: int(given[name][0]) for name in ("tasks", "workers") if given[name]}
    plan = make_plan([words[2]], given["arm"], given["case"], load_adapters(), **numbers)
    return len(cells(plan))


def test_what_is_not_known_is_told_how_to_measure_and_the_line_can_be_typed() -> None:
    told = [
        check
        for asked in [*(case.asked for case in CASES), *UNLIKE]
        for each in answer(checked(asked), known())
        for check in each.checks
        if check.met is None and check.requirement in (*MEASURES, "may_lose", "may_double")
    ]
    lines = {line for check in told for line in re.findall("`([^`]+)`", check.text)}
    assert all(check.text.startswith("not known") for check in told)
    assert all("`" in check.text or "withheld: " in check.text for check in told)
    assert len(lines) > 20 and all(planned(line) for line in lines)


def test_the_published_tree_ranks_by_one_measure() -> None:
    seen = {each.question: each.seen for each in branches(*rates(known()), None)}
    small, redis, any_broker = list(seen.values())[1:]
    assert "sustained by 2 workers, these keep up: celery/default, rq/default and" in small
    for text in (redis, any_broker):
        assert text.startswith("drained by 2 workers from 5,000 tasks")
        assert "huey/default 2,074/s" in text and "1,481" not in text and "7,191" not in text
    assert "celery/default@rabbitmq 1,964/s" in any_broker and "rabbitmq" not in redis
    lines = [line for text in (small, redis, any_broker) for line in re.findall("`(.+)`", text)]
    assert len(lines) == 3 and all(planned(line) for line in lines)
    assert "--arm celery/tuned" in lines[1] and "--arm celery/durable@rabbitmq" in lines[0]


def test_every_answer_has_its_number_or_trial_behind_it() -> None:
    """No check without a text, and every number with the cell that it is from."""
    for case in CASES:
        for each in answer(checked(case.asked), known()):
            for check in each.checks:
                assert check.text
                assert check.requirement != "memory_mb" or check.met is None or "cell" in check.text
