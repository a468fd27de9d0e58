"""A workload's tasks as the libraries have them, in a process of their own, without any server."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.base.paths import ROOT
from bench.inprocess import event_log
from bench.inprocess.event_log import FINISHED, RAISED, STARTED
from tests.workload_cells import ids, lay_out, read, records

REDIS = "redis://127.0.0.1:1/0"  # nobody serves it
RABBITMQ = "amqp://x:y@127.0.0.1:1//"
RANKED = """
[[task]]
name = "mail"
share = 1
queue = "slow"
priority = "high"
retries = 3
limit_s = 2

[[task]]
name = "own"
share = 1
"""
OF_CELERY = """
import json
from adapters.celery import workload
workload.connect()
options = [each._get_exec_options() for each in workload.TASKS]
queues = workload.app.amqp.queues
print(json.dumps({
    "names": [each.name for each in workload.TASKS],
    "calls": [[o["queue"], o["priority"], o["time_limit"]] for o in options],
    "retries": [each.max_retries if hasattr(each, "_orig_run") else 0 for each in workload.TASKS],
    "at_once": workload.TASKS[0].default_retry_delay == 0,
    "order": workload.app.conf.broker_transport_options.get("queue_order_strategy"),
    "made": {
        name: [queues[name].queue_arguments, queues[name].durable]
        for name in ("celery", "celery-slow")
    },
}))
"""
OF_RQ = """
import json
from adapters.rq import workload
from bench.inprocess import workload_tasks
calls = [workload._call(each) for each in workload_tasks.types()]
print(json.dumps([
    [queue.name, most, options.get("job_timeout"), "retry" in options and options["retry"].max]
    for queue, most, options in calls
]))
"""
OF_HUEY = """
import json
from adapters.huey import workload
print(json.dumps({
    "storage": type(workload.huey.storage).__name__,
    "tasks": [
        [t.name, t.settings["default_priority"], t.settings["default_retries"], t.retry_delay]
        for t in workload.TASKS
    ],
}))
"""
RUN_HUEY = """
import json, logging, os
logging.disable(logging.CRITICAL)
from adapters.huey import traces, workload
send = workload.connect()
send(-1, "sleep:1")
for task, kind in enumerate(json.loads(os.environ["KINDS"])):
    send(task, str(kind))
held = traces.held(os.environ["QUEUE_BENCH_BROKER"], {task: "" for task in range(50)})
while task := workload.huey.dequeue():
    workload.huey.execute(task)
print(json.dumps(sorted(held)))
"""


def told(code: str, work: Path, broker: str, kinds: str = "[]", **settings: Any) -> Any:
    """What a fresh process with the files of this cell prints, as JSON."""
    cell = {"system": "mine", "settings": settings, "params": {}}
    (work / "cell.json").write_text(json.dumps(cell), encoding="utf-8")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "KINDS": kinds,
        "QUEUE_BENCH_CELL": str(work / "cell.json"),
        "QUEUE_BENCH_BROKER": broker,
        "QUEUE_BENCH_EVENTS": str(work / "runs.bin"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, timeout=60, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    event_log.create(str(tmp_path / "runs.bin"))
    return tmp_path


@pytest.mark.parametrize(
    ("broker", "settings", "priorities", "order", "made"),
    [
        (REDIS, {}, [0, 3], "priority", [None, True]),
        (RABBITMQ, {}, [9, 5], None, [{"x-max-priority": 10}, True]),
        (
            RABBITMQ,
            {"task_queues": {"celery": {"durable": False}}},
            [9, 5],
            None,
            [{"x-max-priority": 10}, False],
        ),
    ],
)
def test_celery_has_a_task_for_each_type(
    work: Path,
    broker: str,
    settings: dict[str, Any],
    priorities: list[int],
    order: str | None,
    made: list[Any],
) -> None:
    lay_out(work, read(work, RANKED))
    assert told(OF_CELERY, work, broker, **settings) == {
        "names": ["workload.mail", "workload.own"],
        "calls": [["celery-slow", priorities[0], 2.0], [None, priorities[1], None]],
        "retries": [3, 0],
        "at_once": True,
        "order": order,
        "made": {"celery": made, "celery-slow": made},
    }


def test_celery_makes_every_queue_a_quorum_queue_where_its_own_is_one(work: Path) -> None:
    lay_out(work, read(work, RANKED.replace('priority = "high"\n', "")))
    said = told(OF_CELERY, work, RABBITMQ, task_default_queue_type="quorum")
    quorum = [{"x-queue-type": "quorum"}, True]
    assert said["made"] == {"celery": quorum, "celery-slow": quorum}
    assert said["calls"] == [["celery-slow", None, 2.0], [None, None, None]]


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({}, [["slow:high", 3, 2, 3], ["default", 0, None, False]]),
        ({"retry_max": 5}, [["slow:high", 5, 2, 5], ["default", 5, None, 5]]),
    ],
)
def test_rq_has_a_call_for_each_type(
    work: Path, settings: dict[str, Any], calls: list[Any]
) -> None:
    lay_out(work, read(work, RANKED))
    assert told(OF_RQ, work, REDIS, **settings) == calls


@pytest.mark.parametrize(
    ("priority", "storage", "wanted"),
    [('priority = "high"\n', "PriorityRedisStorage", [1, 0]), ("", "RedisStorage", [None, None])],
)
def test_huey_has_a_task_for_each_type_and_a_sorted_set_only_for_priorities(
    work: Path, priority: str, storage: str, wanted: list[Any]
) -> None:
    text = RANKED.replace('queue = "slow"\n', "").replace('priority = "high"\n', priority)
    lay_out(work, read(work, text))
    assert told(OF_HUEY, work, REDIS) == {
        "storage": storage,
        "tasks": [["workload.mail", wanted[0], 3, 0], ["workload.own", wanted[1], 0, 0]],
    }


def test_huey_runs_holds_ranks_and_retries_them_on_sqlite(work: Path) -> None:
    text = RANKED.replace('queue = "slow"\n', "fails = 0.5\n").replace('"high"', '"low"')
    arrivals, draws = lay_out(work, read(work, text))
    held = told(RUN_HUEY, work, f"sqlite://{work}/huey.db", json.dumps(arrivals.kinds.tolist()))
    assert held == list(range(40))
    failing = draws.failing_runs.astype(int)
    retries = np.where(arrivals.kinds == 0, 3, 0)
    runs = np.minimum(failing, retries) + 1
    assert set(failing.tolist()) >= {0, 1, 2}
    counted = {kind: Counter(t for t in ids(work, kind) if t >= 0) for kind in (1, 2, 7)}
    assert counted[STARTED] == dict(enumerate(runs.tolist()))
    assert counted[FINISHED] == {t: 1 for t in range(40) if failing[t] <= retries[t]}
    assert counted[RAISED] == {t: min(failing[t], runs[t]) for t in range(40) if failing[t]}
    found = records(work)
    order = [int(arrivals.kinds[t]) for t in found["task"][found["kind"] == STARTED] if t >= 0]
    assert order == sorted(order, reverse=True), "the low ones come last"
