"""What a task of a workload is sent, does and records, without any system."""

import importlib
import json
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bench.base.errors import UsageError
from bench.inprocess import event_log, workload_errors, workload_messages, workload_tasks
from bench.inprocess.cell_context import CELL, EVENTS
from bench.inprocess.event_log import FINISHED, RAISED, STARTED
from bench.model import schedule
from bench.workload import cell_files
from tests.workload_cells import drawn, ids, lay_out, read, records

MS = 1_000_000
Made = Callable[[str], ModuleType]
SYNTHETIC = """
[[task]]
name = "page"
share = 3
sleep_ms = { median = 5, p99 = 50 }
cpu_ms = 2
memory = "1 MiB"
payload = "3 KiB"
result = 70

[[task]]
name = "mail"
share = 1
fails = 0.5
retries = 2
"""
SHOP = """
import asyncio
import os

LOG = []

def work(*given, **named):
    return {"given": list(given), "named": named, "mode": os.environ.get("SHOP_MODE")}

def breaks(*_):
    raise ValueError("the card 1234 at\\npostgres://shop:geheim@db/shop is bad")

def odd():
    return object()

def sometimes(number):
    return object() if number % 2 else {"number": number}

async def later():
    await asyncio.sleep(0)

class Basket:
    @staticmethod
    def count(a, b=2):
        return a + b

CONSTANT = 7
"""


def anew() -> ModuleType:
    """As in a process that has just been started."""
    for module in (workload_tasks, workload_messages, workload_errors):
        importlib.reload(module)
    return workload_tasks


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """The module as a process of a cell with this workload finds it; its work folder is `work`."""
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(CELL, str(work / "cell.json"))
    monkeypatch.setenv(EVENTS, str(work / "runs.bin"))
    event_log.create(str(work / "runs.bin"))

    def make(text: str) -> ModuleType:
        lay_out(work, read(tmp_path, text))
        return anew()

    yield make
    monkeypatch.undo()
    anew()
    for name in ("shop", "slow_shop"):
        sys.modules.pop(name, None)


def called(name: str, more: str = "") -> str:
    return f'[[task]]\nname = "own"\ncall = "shop:{name}"\n{more}\n'


def test_the_ids_of_the_warm_up_are_those_of_the_schedule_and_rows_have_the_same_columns() -> None:
    assert workload_messages.FIRST_WARM_TASK == schedule.FIRST_WARM_TASK
    assert workload_messages.ROW.size == 8 * len(cell_files.ROW) == 64


def test_every_message_is_what_was_drawn(made: Made, tmp_path: Path) -> None:
    tasks = made(SYNTHETIC)
    arrivals, draws = drawn(read(tmp_path, SYNTHETIC))
    assert [each.name for each in tasks.types()] == ["page", "mail"]
    for task, kind in enumerate(arrivals.kinds.tolist()):
        sleep, cpu, memory, result, failing, payload = workload_messages.message(task, kind)
        assert (sleep, cpu, memory, result, failing) == (
            draws.sleep_ns[task],
            draws.cpu_ns[task],
            draws.memory_bytes[task],
            draws.result_bytes[task],
            draws.failing_runs[task],
        )
        assert len(payload) == draws.payload_bytes[task] == (3072 if kind == 0 else 0)
    assert (
        len({workload_messages.message(task, 0)[0] for task in np.flatnonzero(arrivals.kinds == 0)})
        > 20
    )


def test_the_warm_up_has_draws_of_its_own_for_each_type_and_slot(made: Made) -> None:
    made(SYNTHETIC)
    kinds = cell_files.warm_kinds(2, 3)
    assert kinds.tolist() == [0, 0, 0, 1, 1, 1] * 2
    first = schedule.FIRST_WARM_TASK
    # Of two slots: two of each type, twice.
    assert [len(workload_messages.message(first + k, 0)[5]) for k in (0, 1, 4, 5)] == [3072] * 4
    assert [workload_messages.message(first + k, 1)[5] for k in (2, 3, 6, 7)] == [""] * 4


@pytest.mark.parametrize("size", [0, 1, 2, 3, 70, 4096, 65_536, 200_001])
def test_a_text_has_its_size_and_does_not_shrink_to_nothing(size: int) -> None:
    text = workload_tasks.text(size)
    assert len(text) == len(text.encode()) == size
    assert size < 1000 or len(zlib.compress(text.encode())) > 0.45 * size


def test_a_synthetic_task_takes_its_times_and_touches_its_memory(made: Made) -> None:
    tasks = made(SYNTHETIC)
    began, cpu = time.monotonic_ns(), time.thread_time_ns()
    result = tasks.run(0, 0, 0, 30 * MS, 10 * MS, 1 << 20, 70, 0, "x")
    took, computed = time.monotonic_ns() - began, time.thread_time_ns() - cpu
    assert 40 * MS <= took < 200 * MS and 10 * MS <= computed < 40 * MS
    assert isinstance(result, str) and len(result) == 70
    assert tasks.run(1, 0, 0, 0, 0, 0, 0, 0, "") is None


def test_all_of_the_memory_is_there_while_it_runs(made: Made) -> None:
    tasks = made(SYNTHETIC)
    seen: list[int] = []

    def resident() -> int:
        with open("/proc/self/statm", encoding="utf-8") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    tasks.pause = lambda seconds: seen.append(resident())
    before = resident()
    tasks.run(0, 0, 0, 1, 0, 64 << 20, 0, 0, "")
    assert 60 << 20 < seen[0] - before < 100 << 20
    assert resident() - before < 20 << 20


def test_a_run_is_recorded_by_its_start_and_its_finish_or_failure(
    made: Made, tmp_path: Path
) -> None:
    tasks = made(SYNTHETIC)
    tasks.imported_in(1234)
    tasks.run(5, 0, 0, 0, 0, 0, 0, 0, "")
    with pytest.raises(tasks.PlannedFailure):
        tasks.run(6, 1, 0, 0, 0, 0, 0, 1, "")
    found = records(tmp_path / "work")
    assert list(zip(found["kind"].tolist(), found["task"].tolist(), strict=True)) == [
        (STARTED, 5),
        (FINISHED, 5),
        (STARTED, 6),
        (RAISED, 6),
    ]
    assert set(found["pid"].tolist()) == {os.getpid()} and (np.diff(found["stamp"]) >= 0).all()
    assert len(set(found["a"][[1, 3]].tolist())) == 1 and int(found["b"][0]) & 0xFFFFFFFF == 1234


@pytest.mark.parametrize(
    ("failing", "attempts"),
    [(0, [True]), (1, [False, True]), (2, [False, False, True]), (3, [False] * 6)],
)
def test_the_first_runs_fail_and_all_where_there_are_more_than_retries(
    made: Made, failing: int, attempts: list[bool]
) -> None:
    tasks = made(SYNTHETIC)
    for attempt, wanted in enumerate(attempts):
        try:
            tasks.run(0, 1, attempt, 0, 0, 0, 0, failing, "")
            succeeded = True
        except tasks.PlannedFailure:
            succeeded = False
        assert succeeded == wanted, f"run {attempt}"


def test_a_function_of_the_users_gets_its_arguments_line_by_line(
    made: Made, tmp_path: Path
) -> None:
    lines = ['[1, "ä"]', '{"a": 2}', "[]"]
    (tmp_path / "args.jsonl").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    text = called("work", 'args = "args.jsonl"')
    tasks = made(text)
    _, draws = drawn(read(tmp_path, text))
    wanted = [([1, "ä"], {}), ([], {"a": 2}), ([], {})]
    assert {workload_messages.message(t, 0) == wanted[draws.line[t]] for t in range(40)} == {True}
    assert len(set(draws.line.tolist())) == 3
    for task in range(6):
        given, named = wanted[draws.line[task]]
        result = tasks.run(task, 0, 0, *workload_messages.message(task, 0))
        assert result == {"given": given, "named": named, "mode": None}


def test_without_a_file_it_is_called_without_arguments_and_may_be_an_attribute(made: Made) -> None:
    tasks = made(called("work"))
    assert workload_messages.message(3, 0) == ([], {})
    tasks = made(called("Basket.count"))
    tasks.preload()
    assert tasks.run(0, 0, 0, [3], {"b": 4}) == 7


def test_arguments_that_changed_after_they_were_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "args.jsonl").write_text("[1]\n", encoding="utf-8")
    file = read(tmp_path, called("work", 'args = "args.jsonl"'))
    (tmp_path / "args.jsonl").write_text("[2]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has changed since it was read"):
        lay_out(tmp_path, file)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("shop:nothing", "shop:nothing cannot be imported: AttributeError"),
        ("nowhere.at_all:x", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("shop:CONSTANT", "shop:CONSTANT is no function but int"),
        ("shop:later", "shop:later is an async function: name one that calls it by asyncio.run"),
    ],
)
def test_what_cannot_be_called_fails_each_task_with_the_reason(
    made: Made, tmp_path: Path, call: str, words: str
) -> None:
    tasks = made(called("x").replace("shop:x", call))
    tasks.preload()
    for task in range(2):
        with pytest.raises(ImportError, match=words):
            tasks.run(task, 0, 0, [], {})
    assert ids(tmp_path / "work", RAISED) == [0, 1] and not ids(tmp_path / "work", FINISHED)
    told = json.loads((tmp_path / "work" / "raised-0.json").read_text(encoding="utf-8"))
    assert words in told["error"] and told["task"] == 0


def test_the_first_error_tells_what_and_where_and_no_value_that_was_handed_on(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://shop:geheim@db/shop")
    monkeypatch.setenv("CARD", "1234")
    tasks = made(called("breaks") + '\n[code]\npass = ["DATABASE_URL", "CARD", "UNSET"]\n')
    for task in (3, 4):
        with pytest.raises(ValueError, match="geheim"):
            tasks.run(task, 0, 0, [], {})
    told = json.loads((tmp_path / "work" / "raised-0.json").read_text(encoding="utf-8"))
    assert told["task"] == 3
    line = SHOP[: SHOP.index("raise ValueError")].count("\n") + 1
    assert told["error"] == f"ValueError: the card $CARD at $DATABASE_URL is bad (shop.py:{line})"


def test_a_result_that_the_serialiser_refuses_is_an_error_of_its_task(
    made: Made, tmp_path: Path
) -> None:
    tasks = made(called("odd"))
    tasks.results_by(json.dumps)
    with pytest.raises(TypeError, match="the system cannot keep its result"):
        tasks.run(0, 0, 0, [], {})
    assert ids(tmp_path / "work", RAISED) == [0]
    tasks.results_by(None)
    assert tasks.run(1, 0, 0, [], {}) is not None


def test_results_are_tried_once_and_all_of_them_after_one_was_refused(made: Made) -> None:
    tasks, tried = made(called("sometimes")), []

    def dumps(result: object) -> str:
        tried.append(result)
        return json.dumps(result)

    tasks.results_by(dumps)
    with pytest.raises(TypeError):
        tasks.run(0, 0, 0, [1], {})
    for task in range(1, 4):
        tasks.run(task, 0, 0, [2 * task], {})
    assert len(tried) == 4
    tasks = made(called("sometimes"))
    tried.clear()
    tasks.results_by(dumps)
    for task in range(4):
        tasks.run(task, 0, 0, [2 * task], {})
    assert len(tried) == 1


def test_an_import_in_the_task_is_noted_and_one_before_it_is_not(
    made: Made, tmp_path: Path
) -> None:
    (tmp_path / "slow_shop.py").write_text(
        "import time\ntime.sleep(0.03)\n\ndef work():\n    return 1\n", encoding="utf-8"
    )
    tasks = made(called("work").replace("shop:", "slow_shop:"))
    tasks.run(0, 0, 0, [], {})
    tasks = anew()
    tasks.preload()
    tasks.run(1, 0, 0, [], {})
    found = records(tmp_path / "work")
    us = [int(b) & 0xFFFFFFFF for b in found["b"][found["kind"] == STARTED]]
    assert us[0] >= 30_000 and us[1] == 0


def test_a_shutdown_that_interrupts_a_task_is_no_failure_of_it(made: Made, tmp_path: Path) -> None:
    tasks = made(SYNTHETIC)

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    tasks.pause = interrupted
    with pytest.raises(KeyboardInterrupt):
        tasks.run(0, 0, 0, 1, 0, 0, 0, 0, "")
    assert ids(tmp_path / "work", STARTED) == [0] and not ids(tmp_path / "work", RAISED)
    assert not (tmp_path / "work" / "raised-0.json").exists()


def test_a_run_that_was_killed_at_its_limit_is_told_by_its_parent(
    made: Made, tmp_path: Path
) -> None:
    made(SYNTHETIC)
    work, runs = tmp_path / "work", tmp_path / "work" / "runs.bin"
    log = event_log.Log(str(runs))
    for task in range(10_000):  # more than one chunk, and task 3 behind all of them
        log.write(STARTED, task, task, 1000 + task, 7)
        if task not in (3, 9_990):
            log.write(FINISHED, task, task, 1000 + task)
    for task in (3, 9_990, 5, 20_000):
        workload_errors.tell_killed(task, 0, TimeoutError("1 s"))
    found = records(work)
    told = found[found["kind"] == RAISED]
    assert told["task"].tolist() == [3, 9_990] and told["a"].tolist() == [1003, 10_990]
    assert set(told["pid"].tolist()) == {os.getpid()}
    first = json.loads((work / "raised-0.json").read_text(encoding="utf-8"))
    assert first == {"task": 3, "error": "TimeoutError: 1 s"}


def test_a_million_rows_are_written_in_parts(tmp_path: Path) -> None:
    import tracemalloc

    text = SYNTHETIC + "\n[arrivals]\nkind = 'steady'\nrate = 100000\nseconds = 5\n"
    file = read(tmp_path, text)
    arrivals, draws = drawn(file)
    warm = cell_files.warm_kinds(2, 2)
    none = draws.__class__(**{name: column[: len(warm)] for name, column in vars(draws).items()})
    tracemalloc.start()
    cell_files.write(tmp_path, file, arrivals, draws, none, warm)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "draws.bin").stat().st_size == 64 * (500_000 + 8)
    assert peak < 30_000_000
