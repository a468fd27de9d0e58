"""What a workload asks of each system: its worker commands, and what it does not offer."""

import os
from pathlib import Path

import pytest

from adapters.base import NamesQueues, Needs, Route, Sends, TakesWorkloads
from bench.model.arm import Arm, parse_arm
from bench.model.cell import Cell
from bench.model.systems import load_adapters
from bench.selftest.synthetic_runs import ADAPTER
from bench.testbed import workload_cell
from bench.workload.needs import launch_of, needs_of, not_offered, routes_of
from bench.workload.workload_file import WorkloadFile
from tests.workload_cells import read

ADAPTERS = load_adapters([ADAPTER])
PLAIN = '[[task]]\nname = "a"\nsleep_ms = 5\n'
QUEUED = """
[[task]]
name = "a"
share = 1
queue = "mail"
priority = "low"

[[task]]
name = "b"
share = 1
queue = "mail"

[[task]]
name = "c"
share = 1
priority = "high"
retries = 4

[[task]]
name = "d"
share = 1
limit_s = 2
"""


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


def commands(text: str, file: WorkloadFile, slots: int = 2) -> list[str]:
    launch = launch_of(arm(text), slots, file.workload)
    return [" ".join(each.argv) for each in arm(text).adapter.commands(launch)]


def test_every_system_takes_workloads() -> None:
    assert [name for name, each in ADAPTERS.items() if not isinstance(each, TakesWorkloads)] == []
    assert sorted(name for name, each in ADAPTERS.items() if isinstance(each, NamesQueues)) == [
        "celery",
        "rq",
    ]


def test_needs_and_routes_are_those_of_the_file(tmp_path: Path) -> None:
    workload = read(tmp_path, QUEUED).workload
    assert needs_of(workload) == Needs(("mail",), ("low", "high"), 4, (2.0,))
    assert routes_of(workload) == (
        Route("mail", "low"),
        Route("mail", "normal"),
        Route("", "high"),
        Route("", "normal"),
    )
    plain = read(tmp_path, PLAIN).workload
    assert needs_of(plain) == Needs() and routes_of(plain) == (Route(),)


def test_a_plain_workload_changes_the_module_and_nothing_else_of_a_command(tmp_path: Path) -> None:
    file = read(tmp_path, PLAIN)
    for text in ("celery/default", "celery/solo", "huey/default", "floor", "synthetic"):
        before = [" ".join(each.argv) for each in arm(text).adapter.commands(arm(text).launch(2))]
        after = commands(text, file)
        adapter = arm(text).adapter
        worker = "synthetic.worker" if text == "synthetic" else adapter.app
        assert isinstance(adapter, TakesWorkloads)
        assert [each.replace(worker, adapter.workload_app) for each in before] == after != before
    rq = [" ".join(each.argv) for each in ADAPTERS["rq"].commands(arm("rq").launch(2))]
    assert commands("rq", file) == rq, "RQ's worker is told of no module: the task names its own"


def test_celery_consumes_each_queue_and_rq_the_most_urgent_first(tmp_path: Path) -> None:
    file = read(tmp_path, QUEUED)
    assert commands("celery", file)[0].endswith(" -Q celery,celery-mail")
    assert commands("rq", file)[0].endswith(" default:high mail default mail:low")
    unranked = QUEUED.replace('priority = "low"\n', "").replace('priority = "high"\n', "")
    assert commands("rq", read(tmp_path, unranked))[0].endswith(" mail default")


def test_a_queue_has_a_name_that_is_cleaned_up_whatever_the_user_calls_it(tmp_path: Path) -> None:
    import fnmatch

    celery, rq = ADAPTERS["celery"], ADAPTERS["rq"]
    assert isinstance(celery, NamesQueues) and isinstance(rq, NamesQueues)
    file = read(tmp_path, PLAIN + 'queue = "unacked.orders"\n')
    for name in celery.queue_names(launch_of(arm("celery"), 1, file.workload)):
        for key in (name, name + "\x06\x166", f"_kombu.binding.{name}"):
            assert any(fnmatch.fnmatchcase(key, each) for each in celery.key_patterns)
    assert rq.queue_names(launch_of(arm("rq"), 1, file.workload)) == ("unacked.orders", "default")


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("celery/default", 'queue = "q"\npriority = "low"\nretries = 3\nlimit_s = 0.5', ""),
        ("celery/gevent", "limit_s = 1", ""),
        ("celery/solo", "limit_s = 1", "solo pool keeps no time limits"),
        ("celery/threads", "limit_s = 1", "threads pool keeps no time limits"),
        ("celery/durable@rabbitmq", 'priority = "low"', "quorum queues"),
        ("celery/durable@rabbitmq", 'queue = "q"\nretries = 1', ""),
        ("celery/default@rabbitmq", 'priority = "low"', ""),
        ("rq/default", 'queue = "q"\npriority = "low"\nretries = 3\nlimit_s = 2', ""),
        ("rq/default", "limit_s = 0.5", "whole seconds"),
        ("rq/heavy", "", "a task module of its own"),
        ("huey/default", 'priority = "low"\nretries = 3', ""),
        ("huey/default", 'queue = "q"', "Huey has one queue"),
        ("huey/default", "limit_s = 1", "thread workers"),
        ("huey/process", "limit_s = 0.5", ""),
        ("huey/greenlet", "limit_s = 0.5", ""),
        ("floor", "", ""),
        ("floor", "retries = 1", "a bare Redis list has no retries"),
        ("floor", 'queue = "q"', "no queues of other names"),
        ("floor", 'priority = "low"', "no priorities"),
        ("floor", "limit_s = 1", "no time limits"),
        ("synthetic", "retries = 1", ""),
        ("synthetic", 'queue = "q"', "no other queues"),
        ("synthetic/forking", "", "the no-op alone"),
    ],
)
def test_what_is_not_offered_is_said_in_a_sentence(
    tmp_path: Path, text: str, more: str, words: str
) -> None:
    file = read(tmp_path, f"{PLAIN}{more}\n")
    said = not_offered(arm(text), 2, file.workload)
    assert (words in said) if words else said == ""
    assert "\n" not in said and not said.endswith(".")


def test_a_redis_is_asked_for_the_rights_of_a_workload_too(tmp_path: Path) -> None:
    file = read(tmp_path, QUEUED)
    for text, more in (("rq", "BLPOP rq:queue:* 1"), ("huey", "BZPOPMIN huey.redis.* 1")):
        adapter = arm(text).adapter
        assert isinstance(adapter, Sends)
        of_workload = adapter.redis_commands(launch_of(arm(text), 1, file.workload), "0")
        plain = adapter.redis_commands(arm(text).launch(1), "0")
        assert set(plain) < set(of_workload) and more in set(of_workload) - set(plain)


def test_huey_pushes_into_a_sorted_set_only_for_priorities(tmp_path: Path) -> None:
    def pushes(text: str, types: str) -> str:
        cell = Cell(1, "workload", "-", arm(text), 0, 2, 1, workload=read(tmp_path, types))
        return workload_cell.push_command_in(cell)

    assert pushes("huey", QUEUED) == "zadd" and pushes("huey", PLAIN) == "lpush"
    assert pushes("celery", QUEUED) == "lpush" and pushes("rq", QUEUED) == "rpush"


def test_workers_get_the_users_code_and_variables_and_the_cell_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///shop.db")
    monkeypatch.delenv("UNSET", raising=False)
    (tmp_path / "src").mkdir()
    code = """
[code]
path = "src"
env = { SHOP_MODE = "bench", LANG = "C", TMPDIR = "/elsewhere", QUEUE_BENCH_BROKER = "theirs" }
pass = ["DATABASE_URL", "UNSET"]
"""
    file = read(tmp_path, '[[task]]\nname = "a"\ncall = "shop:work"\n' + code)
    cell = Cell(1, "workload", "-", arm("floor"), 0, 2, 1, workload=file)
    env = {"PYTHONPATH": "/code", "TMPDIR": "/own", "QUEUE_BENCH_BROKER": "ours", "LANG": "en"}
    assert workload_cell.worker_env(cell, env) == {
        "PYTHONPATH": f"/code{os.pathsep}{tmp_path / 'src'}",
        "TMPDIR": "/own",
        "QUEUE_BENCH_BROKER": "ours",
        "LANG": "C",
        "SHOP_MODE": "bench",
        "DATABASE_URL": "sqlite:///shop.db",
    }
    assert workload_cell.worker_env(Cell(1, "burst", "-", arm("floor"), 0, 2, 1), env) == env
