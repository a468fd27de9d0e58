"""What a cell of a workload does, step by step, with a testbed that starts no process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bench.base.errors import CellFailed
from bench.inprocess import event_log
from bench.model.cell import Cell
from bench.model.cell_log import Injection
from bench.model.fault import Fault
from bench.model.scenario import PriorMeasures
from bench.model.schedule import Schedule
from bench.model.systems import load_adapters
from bench.record import event_files
from bench.run.plan import cells, make_plan
from bench.testbed import strikes
from bench.testbed.testbed import Testbed
from bench.workload.workload_file import read_workload
from scenarios.workload import drive as driving
from tests.events_files import write

FILE = """
[[task]]
name = "page"
share = 3
[[task]]
name = "mail"
share = 1
fails = 0.5
retries = 1
[arrivals]
kind = "steady"
rate = 40
seconds = 1
"""
MS = 1_000_000
NOTHING_KNOWN = PriorMeasures((), {}, "")


class StandIn:
    """A testbed whose tasks run the moment they are sent; `hung` never end, `refused` never run."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self.cell, self.work = cell, folder
        self.runs = write(folder / "runs.bin", [])
        self.tail = event_files.FileTail(self.runs)
        self.hung: set[int] = set()
        self.refused: set[int] = set()
        self.sent: list[Schedule] = []
        self.marks: dict[str, float] = {}
        self.steps: list[str] = []
        self.deadline = time.monotonic() + 60
        self.notes = SimpleNamespace(injections=list[Injection](), held=None)
        self.sampler = SimpleNamespace(edge=self.steps.append)
        self.fleet = SimpleNamespace(
            check_alive=lambda: None,
            supervise=lambda: self.steps.append("supervised"),
            roots=lambda: [],
        )
        self.load = SimpleNamespace(
            send=self.send,
            check_alive=lambda: None,
            done=lambda: True,
            errors=lambda: dict.fromkeys(self.refused, "ConnectionError"),
        )
        self.pending = SimpleNamespace(all_told=lambda tasks: set(tasks) <= self.hung)

    def send(self, schedule: Schedule, t0_ns: int) -> None:
        self.sent.append(schedule)
        with open(self.runs, "ab") as file:
            for task in schedule.tasks.tolist():
                if task in self.refused:
                    continue
                kinds = [event_log.STARTED, *([] if task in self.hung else [event_log.FINISHED])]
                for kind in kinds:
                    stamp = time.monotonic_ns()
                    file.write(
                        event_log.RECORD.pack(event_log.MARKER, kind, 0, 7, task, stamp, 3, 0)
                    )

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.steps.append(name)
        yield

    def boot(self) -> None:
        self.steps.append("booted")

    def mark(self, name: str, value: float) -> None:
        self.marks[name] = value

    def note(self, text: str) -> None:
        self.steps.append(text)

    def progress(self, phase: str, done: int, of: int) -> None:
        pass

    def out_of_time(self) -> bool:
        return time.monotonic() > self.deadline

    def settle_held(self) -> dict[int, Any] | None:
        self.steps.append("asked")
        return None


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second of idling, and no five before the broker is asked."""
    monkeypatch.setattr(driving, "IDLE_S", 0.0)
    monkeypatch.setattr(driving, "GONE_S", 0.2)
    monkeypatch.setattr(driving, "ASK_AGAIN_S", 0.1)


def stand_in(folder: Path, case: str = "-", text: str = FILE) -> StandIn:
    (folder / "shop.toml").write_text(text, encoding="utf-8")
    plan = make_plan(
        ["workload"],
        ["huey"],
        [case],
        load_adapters(),
        seed=1,
        size="smoke",
        workers=2,
        workload=read_workload(folder / "shop.toml"),
    )
    (cell,) = cells(plan)
    params = {**cell.params, "warmup_s": 0.2, "settle_s": 1.0}
    return StandIn(replace(cell, params=params), folder)


def drive(testbed: StandIn) -> Any:
    return driving.drive(testbed.cell, cast(Testbed, testbed), NOTHING_KNOWN)


def test_a_load_from_boot_to_its_end(tmp_path: Path) -> None:
    testbed = stand_in(tmp_path)
    began = time.monotonic()
    ending = drive(testbed)
    assert time.monotonic() - began < 3
    assert len(ending.kinds) == 40 and ending.ask_what_is_held
    assert testbed.steps == [
        *("boot", "booted", "settling", "idle", "warmup", "steady", "drained"),
    ]
    warm, load = testbed.sent
    # Each type in each slot, twice; then the lead-in at the rate of the load.
    assert len(warm.tasks) == 8 and (warm.tasks < 0).all()
    assert load.tasks[load.tasks >= 0].tolist() == list(range(40))
    assert not set(warm.tasks.tolist()) & set(load.tasks.tolist())
    assert 3 <= int((load.tasks < 0).sum()) <= 8
    marks = testbed.marks
    assert marks["load_s"] == 1.0 and marks["rate"] == 40.0
    assert marks["begin_ns"] - marks["lead_in_ns"] == 200 * MS
    assert marks["steady_end_ns"] - marks["begin_ns"] == 1000 * MS
    rows = (tmp_path / "draws.bin").stat().st_size // 64
    assert rows == 40 + 8 + int((load.tasks < 0).sum())


def test_refused_calls_are_not_waited_for(tmp_path: Path) -> None:
    testbed = stand_in(tmp_path)
    testbed.refused = {3, 4}
    began = time.monotonic()
    drive(testbed)
    assert time.monotonic() - began < 3 and "asked" not in testbed.steps


def test_what_will_never_end_is_left_once_the_broker_has_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strikes, "strike", lambda *_: None)
    testbed = stand_in(tmp_path, "crash")
    testbed.hung = {30}
    struck = Injection(
        kind=Fault.WORKER_CRASH, t0_ns=1 << 62, victims=(7,), load_spike_ns=1, end_ns=1
    )
    testbed.notes.injections.append(struck)
    began = time.monotonic()
    drive(testbed)
    # The horizon of a smoke run is five seconds.
    assert 1.2 < time.monotonic() - began < 4 and testbed.steps[-1] == "asked"


def test_a_task_that_takes_long_may_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "SETTLE_AT_MOST_S", 2.5)
    testbed = stand_in(tmp_path)
    testbed.hung = {30}
    began = time.monotonic()
    drive(testbed)
    assert 3.2 < time.monotonic() - began < 6, "the load, and 2.5 s for what runs"
    assert testbed.steps[-1] == "asked"


@pytest.mark.parametrize("case", ["crash", "deploy", "broker-crash"])
def test_a_strike_comes_once_and_in_the_middle(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    struck: list[tuple[str, int]] = []
    monkeypatch.setattr(
        strikes, "strike", lambda bed, fault, busy, at: struck.append((str(fault), at))
    )
    testbed = stand_in(tmp_path, case)
    drive(testbed)
    ((fault, at),) = struck
    assert fault == {"crash": "worker-crash"}.get(case, case)
    assert 0.4 <= (at - testbed.marks["begin_ns"]) / 1e9 <= 0.6
    assert "supervised" in testbed.steps


def test_a_load_longer_than_the_time_cap_is_not_cut(tmp_path: Path) -> None:
    testbed = stand_in(tmp_path)
    testbed.deadline = time.monotonic()
    drive(testbed)
    assert "out_of_time" not in testbed.marks and testbed.deadline > time.monotonic() + 200


def test_a_load_without_any_arrival_is_a_failed_cell(tmp_path: Path) -> None:
    rare = FILE.replace('kind = "steady"\nrate = 40', 'kind = "poisson"\nrate = 1')
    testbed = stand_in(tmp_path, text=rare)
    seeds = (replace(testbed.cell, seed=seed) for seed in range(50))
    for testbed.cell in seeds:
        if not len(np.atleast_1d(_due(testbed.cell))):
            break
    with pytest.raises(CellFailed, match="drew no arrival"):
        drive(testbed)


def _due(cell: Cell) -> Any:
    from bench.workload.arrivals import arrive

    assert cell.workload is not None
    return arrive(cell.workload.workload, cell.seed).due_ns
