"""What the adapters of Celery, RQ and Huey say of themselves, and what their apps hand on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.base import Fault, Predicts, spellings
from adapters.celery import traces
from bench.model.arm import Arm, parse_arm
from bench.model.systems import first_broker, graceful_signal, load_adapters

ADAPTERS = load_adapters()
ROOT = Path(__file__).resolve().parents[2]


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("celery/default", "SIGTERM"),
        ("rq/default", "SIGTERM"),
        ("huey/default", "SIGINT"),
        ("huey/durable", "SIGTERM"),
        ("huey/durable{-g=INT}", "SIGINT"),
        ("floor", ""),
    ],
)
def test_each_documentation_gives_a_signal_for_a_graceful_stop(text: str, signal: str) -> None:
    assert graceful_signal(arm(text).describe(2)) == signal


def test_each_documentation_begins_with_a_broker_that_its_system_runs_on() -> None:
    begins = {name: first_broker(name) for name in ("celery", "rq", "huey", "floor", "unheard-of")}
    assert begins == {
        "celery": "rabbitmq",
        "rq": "redis",
        "huey": "sqlite",
        "floor": "",
        "unheard-of": "",
    }
    assert all(begins[name] in ADAPTERS[name].brokers for name in ("celery", "rq", "huey"))


def said(text: str, fault: Fault) -> tuple[str, str, str]:
    """(the words, the fate of what ran, the fate of what waited) that an arm lets one expect."""
    adapter = arm(text).adapter
    assert isinstance(adapter, Predicts)
    told = adapter.predict(fault, arm(text).launch(2))
    assert told is not None
    return told.text, told.running, told.waiting


def test_it_is_told_when_a_stuck_job_of_rq_is_failed_and_can_be_requeued() -> None:
    words = said("rq/default", Fault.WORKER_CRASH)[0]
    assert "stuck until 90 to 690 s after the crash, then failed" in words and "requeue" in words
    assert "stuck for 90 to 690 s" in ADAPTERS["rq"].profiles["default"].summary
    assert "requeue" not in said("rq/durable", Fault.WORKER_CRASH)[0]


@pytest.mark.parametrize("fault", [Fault.BROKER_CRASH, Fault.ENQUEUE_OUTAGE])
def test_what_was_never_written_is_gone_with_the_broker(fault: Fault) -> None:
    assert said("celery/tuned@rabbitmq", fault)[1:] == ("recovered", "lost")
    assert said("celery/default@rabbitmq", fault)[1:] == ("recovered", "recovered")


def test_an_option_goes_by_the_name_that_a_profile_has_or_else_by_its_last() -> None:
    profiles = ADAPTERS["huey"].profiles.values()
    assert spellings([("-w", "--workers"), ("-d", "--delay"), ("queues",)], profiles) == {
        "-w": "-w",
        "--workers": "-w",
        "-d": "--delay",
        "--delay": "--delay",
    }


@pytest.mark.parametrize(
    ("told", "task"),
    [("(7,)", 7), ("(-3,)", -3), ("(12, 'sleep:20')", 12), ("[5]", 5), ("(4, 'xxx...", 4)],
)
def test_the_id_of_a_celery_task_is_read_from_its_headers(told: str, task: int) -> None:
    assert traces._task({"argsrepr": told}) == task


def told_by(program: str, settings: str, folder: Path, broker: str, system: str = "mine") -> str:
    """What a process prints that measures with these settings; what it fails with, else.

    `system` is ours, or that of somebody who builds on our application.
    """
    cell = {"system": system, "settings": json.loads(settings), "params": {}}
    (folder / "cell.json").write_text(json.dumps(cell))
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "QUEUE_BENCH_CELL": str(folder / "cell.json"),
        "QUEUE_BENCH_BROKER": broker,
    }
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr


STORAGE = (
    "import adapters.huey.app as app; print(vars(app.huey.storage)[{name!r}], app.huey.results)"
)


@pytest.mark.parametrize(
    ("settings", "name", "seen"),
    [
        ("{}", "_fsync", "None True"),  # as shipped: SQLite syncs as SQLite does
        ('{"fsync": true}', "_fsync", "True True"),
        ('{"cache_mb": 64, "results": false}', "_cache_mb", "64 False"),
        ('{"requeue_interrupted": true, "-g": "TERM"}', "_fsync", "None True"),
        ('{"of_another_application": 3, "fsync": true}', "_fsync", "True True"),
    ],
)
def test_huey_is_handed_what_was_set_and_nothing_else(
    settings: str, name: str, seen: str, tmp_path: Path
) -> None:
    program, broker = STORAGE.format(name=name), f"sqlite://{tmp_path}/huey.db"
    assert told_by(program, settings, tmp_path, broker) == seen


CALL = """
import adapters.rq.app as app
class Queue:
    def enqueue(self, task, *args, **options):
        print(args, options)
app._kept = Queue()
app._plain()(7, "")
"""


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ("{}", "(7,) {}"),
        ('{"result_ttl": 0, "-w": "rq.SimpleWorker"}', "(7,) {'result_ttl': 0}"),
        ('{"of_another_application": 3, "ttl": 60}', "(7,) {'ttl': 60}"),
    ],
)
def test_rq_s_call_is_handed_its_own_options_and_nothing_else(
    settings: str, seen: str, tmp_path: Path
) -> None:
    assert told_by(CALL, settings, tmp_path, "redis://127.0.0.1:1/0") == seen


UNREAD = '{"of_another_version": 3}'


@pytest.mark.parametrize("system", ["celery", "rq", "huey"])
def test_a_setting_that_this_version_lacks_is_never_left_out_in_silence(
    system: str, tmp_path: Path
) -> None:
    connect = f"import adapters.{system}.app as app; app.connect()"
    said = told_by(connect, UNREAD, tmp_path, "redis://127.0.0.1:1/0", system).splitlines()[-1]
    assert said.startswith("TypeError: ") and "of_another_version" in said
