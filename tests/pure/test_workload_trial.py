"""`bench workload check`, without a system: what came of each task is told by what it left."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from bench.base.errors import CellFailed, Unavailable
from bench.inprocess import cell_context, told_call
from bench.inprocess.event_log import FINISHED, RAISED, STARTED
from bench.model.arm import Arm, parse_arm
from bench.model.systems import load_adapters
from bench.run import workload_check, workload_trial
from bench.run.workload_check import demand_lines, demand_of, exit_code
from bench.run.workload_trial import TaskTrial, try_tasks
from bench.workload.workload_file import WorkloadFile, read_workload

FILE = """
[[task]]
name = "quick"
share = 1
cpu_ms = 1
[[task]]
name = "mine"
share = 1
call = "shop:mine"
retries = 1
[[task]]
name = "doomed"
share = 1
fails = 1
[[task]]
name = "slow"
share = 1
queue = "slow"
limit_s = 0.2
[arrivals]
rate = 10
seconds = 20
"""
MS = 1_000_000


def load(folder: Path) -> WorkloadFile:
    (folder / "shop.py").write_text("def mine(): return 'done'\n", encoding="utf-8")
    (folder / "load.toml").write_text(FILE, encoding="utf-8")
    return read_workload(folder / "load.toml")


class MadeTestbed:
    """A system that does with each task what `does` says of its name."""

    does: ClassVar[dict[str, list[int]]] = {}
    said: ClassVar[dict[str, dict[str, Any]]] = {}
    opens: Exception | None = None

    def __init__(self, cell: Any, folder: Path, *_: Any) -> None:
        self.cell, self.work = cell, folder
        self.names = cell.workload.workload.names
        self.records: list[dict[str, int]] = []
        self.fleet = SimpleNamespace(check_alive=lambda: None)
        self.load = SimpleNamespace(check_alive=lambda: None, send=self.send, errors=lambda: {})
        self.tail = SimpleNamespace(poll=self.poll)

    @contextmanager
    def open(self) -> Iterator["MadeTestbed"]:
        if self.opens:
            raise self.opens
        self.work.mkdir(parents=True)
        yield self

    def boot(self) -> None:
        assert (self.work / "draws.bin").is_file() and (self.work / "told.json").is_file()

    def finish(self, ending: Any) -> None:
        assert not ending.ask_what_is_held

    def send(self, schedule: Any, t0_ns: int) -> None:
        task = int(schedule.tasks[0])
        assert schedule.works[int(schedule.work[0])] == str(task)
        name = self.names[task]
        for at, kind in enumerate(self.does.get(name, [STARTED, FINISHED])):
            self.records.append({"kind": kind, "task": task, "stamp": t0_ns + at * 5 * MS})
        for kind, said in self.said.get(name, {}).items():
            (self.work / f"{kind}-{task}.json").write_text(json.dumps(said), encoding="utf-8")

    def poll(self) -> list[dict[str, int]]:
        records, self.records = self.records, []
        return records


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> type[MadeTestbed]:
    monkeypatch.setattr(workload_trial, "Testbed", MadeTestbed)
    monkeypatch.setattr(workload_trial, "AROUND_S", 0.1)
    monkeypatch.setattr(MadeTestbed, "does", {})
    monkeypatch.setattr(MadeTestbed, "said", {})
    monkeypatch.setattr(MadeTestbed, "opens", None)
    monkeypatch.setattr(
        workload_trial,
        "not_offered",
        lambda arm, slots, workload: "no queues" * any(task.queue for task in workload.task),
    )
    return MadeTestbed


def arm() -> Arm:
    return parse_arm("huey", load_adapters())


said: list[str] = []


def tried(folder: Path, *passed: str) -> dict[str, TaskTrial]:
    nothing = lambda *_: None  # noqa: E731
    trials = try_tasks(arm(), load(folder), folder / "cell", {}, passed, nothing, said.append)
    assert not (folder / "cell").exists()
    assert [each.task for each in trials] == ["quick", "mine", "doomed", "slow"]
    return {each.task: each for each in trials}


def test_each_type_is_tried_by_itself_and_what_is_lacking_keeps_no_other_from_it(
    tmp_path: Path, made: type[MadeTestbed]
) -> None:
    made.does["doomed"] = [STARTED, RAISED]
    made.said["mine"] = {"told": {"seconds": 0.25, "memory_bytes": 4096, "result": "'done'"}}
    made.said["doomed"] = {"raised": {"task": 2, "error": "PlannedFailure: asked for"}}
    found = tried(tmp_path)
    assert found["quick"] == TaskTrial("quick", "finished", 0.005)
    assert found["mine"] == TaskTrial("mine", "finished", 0.25, 4096, "'done'")
    assert (found["doomed"].came, found["doomed"].text) == ("planned", "PlannedFailure: asked for")
    assert (found["slow"].came, found["slow"].text) == ("not_offered", "no queues")
    assert exit_code({"huey": list(found.values())}) == 0


def test_a_task_that_fails_has_its_first_error_without_what_was_handed_on(
    tmp_path: Path, made: type[MadeTestbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "geheim")
    made.does["mine"] = [STARTED, RAISED, STARTED, RAISED]
    made.said["mine"] = {"raised": {"task": 1, "error": "KeyError: 'geheim' (shop.py:1)"}}
    found = tried(tmp_path, "SHOP_KEY")["mine"]
    assert (found.came, found.text) == ("failed", "KeyError: '$SHOP_KEY' (shop.py:1)")
    assert exit_code({"huey": [found]}) == 64


def test_a_task_that_is_retried_and_then_finishes_has_finished(
    tmp_path: Path, made: type[MadeTestbed]
) -> None:
    made.does["mine"] = [STARTED, RAISED, STARTED, FINISHED]
    assert tried(tmp_path)["mine"].came == "finished"


def test_a_task_that_does_not_end_is_told_so(
    tmp_path: Path, made: type[MadeTestbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workload_trial, "AT_MOST_S", 0.1)
    made.does["quick"], made.does["doomed"] = [STARTED], []
    found = tried(tmp_path)
    assert (found["quick"].came, found["quick"].text) == (
        "unfinished",
        "it began and did not end in time",
    )
    assert found["doomed"].text == "no worker has begun it in time"
    assert exit_code({"huey": list(found.values())}) == 4


def test_a_task_that_ends_its_worker_is_told_by_what_it_raised(
    tmp_path: Path, made: type[MadeTestbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workload_trial, "ENDED_S", 0.1)
    made.does["mine"], made.does["doomed"] = [STARTED], []
    left = {"seconds": 0.1, "memory_bytes": 0, "error": "SystemExit: 3 (shop.py:1)", "ends": True}
    made.said["mine"] = {"told": left}
    found = tried(tmp_path)
    assert (found["mine"].came, found["mine"].text) == (
        "unfinished",
        "it raised SystemExit: 3 (shop.py:1), which ends its worker",
    )
    assert found["doomed"].text == "no worker has begun it: mine had ended one"
    assert found["quick"].came == "finished"
    made.does["mine"], made.does["doomed"] = [STARTED, STARTED, FINISHED], [STARTED, FINISHED]
    found = tried(tmp_path)
    assert {found["mine"].came, found["doomed"].came} == {"finished"}, "it was run again"


def test_a_system_that_a_task_has_ended_is_asked_for_no_other(
    tmp_path: Path, made: type[MadeTestbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    made.does["mine"] = []
    made.said["mine"] = {"told": {"error": "SystemExit: 3 (shop.py:1)", "ends": True}}

    def ended(of: MadeTestbed) -> list[dict[str, int]]:
        if any(path.name == "told-1.json" for path in of.work.iterdir()):
            raise CellFailed("a worker ended with status 3")
        records, of.records = of.records, []
        return records

    monkeypatch.setattr(made, "poll", ended)
    found = tried(tmp_path)
    assert found["quick"].came == "finished"
    assert found["mine"].text.startswith("it raised SystemExit: 3")
    assert found["doomed"].text == "not tried: mine has ended the worker"


def test_a_task_that_takes_long_is_announced(
    tmp_path: Path, made: type[MadeTestbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workload_trial, "AT_MOST_S", 0.5)
    monkeypatch.setattr(workload_trial, "PATIENCE_S", 0.1)
    said.clear()
    made.does["quick"] = [STARTED]
    assert tried(tmp_path)["quick"].text == "it began and did not end in time"
    assert said == ["huey/default quick has not ended after 0 s, and has 0 s more"]


@pytest.mark.parametrize(
    ("error", "came"),
    [(Unavailable("no such server here"), "unavailable"), (CellFailed("not ready"), "unfinished")],
)
def test_a_system_that_does_not_start_is_told_of_every_type(
    tmp_path: Path, made: type[MadeTestbed], error: Exception, came: str
) -> None:
    made.opens = error
    found = tried(tmp_path)
    assert {each.came for name, each in found.items() if name != "slow"} == {came}
    assert found["quick"].text == str(error)


def test_the_demand_counts_what_the_functions_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workload_check, "slots", lambda: 2)
    told = demand_of(load(tmp_path))
    trials = {
        name: [TaskTrial("mine", "finished", seconds)]
        for name, seconds in (("a", 0.1), ("b", 0.2), ("c", 9.0))
    }
    lines = list(demand_lines(told, trials))
    mine = next(each.arrivals for each in told.types if each.name == "mine")
    assert f"mine took 200 ms here: {mine * 0.2:,.1f} s busy in all" in lines
    assert any(line.startswith("your functions would keep ") for line in lines)
    assert not any("no system can keep up" in line for line in lines)
    assert not any("took" in line for line in demand_lines(told, {}))


# ---- Inside the worker -----------------------------------------------------------------------


def test_a_function_tells_its_result_its_time_and_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told_shop.py").write_text(
        "def grow(size):\n    return bytearray(size)\n"
        "def fail():\n    raise ValueError('not today')\n"
        "def leave():\n    raise SystemExit(3)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(cell_context.CELL, str(tmp_path / "cell.json"))
    calls = ["told_shop:grow", "told_shop:fail", "told_shop:leave"]
    (tmp_path / "told.json").write_text(json.dumps(calls), encoding="utf-8")
    size = 64 * 2**20
    assert len(told_call.task_0(size)) == size
    told = json.loads((tmp_path / "told-0.json").read_text(encoding="utf-8"))
    assert told["result"].startswith("bytearray(b") and "characters)" in told["result"]
    assert told["seconds"] > 0
    if os.access("/proc/self/clear_refs", os.W_OK):
        assert size * 0.8 < told["memory_bytes"] < size * 12, "its repr is not counted with it"
    with pytest.raises(ValueError, match="not today"):
        told_call.task_1()
    told = json.loads((tmp_path / "told-1.json").read_text(encoding="utf-8"))
    assert told["error"] == "ValueError: not today (told_shop.py:4)" and "result" not in told
    assert told["ends"] is False
    with pytest.raises(SystemExit):
        told_call.task_2()
    told = json.loads((tmp_path / "told-2.json").read_text(encoding="utf-8"))
    assert (told["error"], told["ends"]) == ("SystemExit: 3 (told_shop.py:6)", True)
    assert not np.any([path.name.endswith(".json.part") for path in tmp_path.iterdir()])
