"""Runs that raise, and tasks of several types: in event files, ledgers, fates and parquet."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import Held
from bench.inprocess import event_log
from bench.measure.retried import pushed_again
from bench.record import event_files, ledger
from bench.record.fates import fates, order_violations
from bench.record.first_errors import first_errors
from bench.testbed.in_hand import in_hand
from bench.testbed.outstanding import Outstanding
from tests.events_files import book, raised, ran, sent, write
from tests.fixture_run import write_load, write_run
from tests.made_up_load import WORKLOAD, made_up_load

PLAN = dict.fromkeys(range(4), 10)
ALL_SENT = [row for task in PLAN for row in sent(task, 10, 11, 12)]


def test_a_run_that_raised_is_no_finish_and_was_not_cut_off(tmp_path: Path) -> None:
    runs = ran(0, 20, 30) + raised(1, 21, 25) + ran(1, 40, 50) + ran(2, 60, None)
    made = book(tmp_path, PLAN, ALL_SENT, runs)
    assert made.run_task.tolist() == [0, 1, 1, 2]
    assert made.finished.tolist() == [30, -1, 50, -1]
    assert made.raised.tolist() == [-1, 25, -1, -1]
    assert made.finishes().tolist() == [1, 1, 0, 0]
    assert made.raised_last().tolist() == [False] * 4
    assert order_violations(made) == []


def test_an_exception_belongs_to_the_start_before_it_in_its_thread(tmp_path: Path) -> None:
    started = [(event_log.STARTED, 0, 7, 0, 20, 3), (event_log.STARTED, 0, 7, 1, 21, 4)]
    ended = [(event_log.RAISED, 0, 7, 1, 30, 4), (event_log.FINISHED, 0, 7, 0, 31, 3)]
    made = book(tmp_path, PLAN, ALL_SENT, started + ended)
    assert made.run_task.tolist() == [0, 1]
    assert (made.finished.tolist(), made.raised.tolist()) == ([31, -1], [-1, 30])


def test_an_exception_without_its_start_violates_the_order(tmp_path: Path) -> None:
    alone = [(event_log.RAISED, 0, 7, 1, 30, 4)]
    made = book(tmp_path, PLAN, ALL_SENT, alone)
    assert made.raised.tolist() == [30] and made.finished.tolist() == [-1]
    assert order_violations(made) == ["finished without a start in 1 cases, first task 1"]


def test_where_nothing_raised_the_ledger_says_so_and_takes_no_memory(tmp_path: Path) -> None:
    made = book(tmp_path, PLAN, ALL_SENT, ran(0, 20, 30))
    assert made.raised.tolist() == [-1] and made.raised.base is not None
    assert made.kind.tolist() == [-1] * 4 and made.types == ()
    assert not made.raised_last().any()


def test_a_ledger_as_it_stood_forgets_what_raised_later(tmp_path: Path) -> None:
    made = book(tmp_path, PLAN, ALL_SENT, raised(1, 21, 25) + raised(2, 40, 45))
    assert made.until(30).raised.tolist() == [25]
    assert made.until(25).raised.tolist() == [-1]
    kept = made.typed(np.array([0, 1, 0, 1], np.int16), ("a", "b")).without([1])
    assert kept.kind.tolist() == [0, 0, 1] and kept.types == ("a", "b")
    assert kept.raised.tolist() == [45]


def test_the_last_run_decides_whether_a_task_failed(tmp_path: Path) -> None:
    runs = (
        raised(0, 20, 21)
        + raised(0, 22, 23, pid=8)
        + raised(1, 20, 21, pid=9)
        + ran(1, 24, 25, pid=9)
        + raised(2, 30, 31)
        + raised(3, 40, 41)
        + ran(3, 42, None, pid=8)
    )
    made = book(tmp_path, PLAN, ALL_SENT, runs)
    assert made.raised_last().tolist() == [True, False, True, False]
    told = fates(made, [], {2: Held("queue")})
    expected = {"failed": [0], "finished": [1], "stuck": [2], "lost": [3]}
    assert {name: ids.tolist() for name, ids in told.by_name.items() if len(ids)} == expected


def test_a_task_failed_also_where_the_broker_cannot_be_asked(tmp_path: Path) -> None:
    made = book(tmp_path, PLAN, ALL_SENT, raised(0, 20, 21))
    assert fates(made, [], None).by_name["failed"].tolist() == [0]
    assert fates(made, [], {0: Held("registry", failed=True)}).by_name["failed"].tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["finish", "raise", "cut"]), max_size=30), st.integers(1, 3))
def test_every_task_has_one_fate_whatever_its_runs(
    tmp_path_factory: pytest.TempPathFactory, ends: list[str], threads: int
) -> None:
    runs, at = [], 100
    for number, end in enumerate(ends):
        task, thread = number % 4, number % threads
        made = {"finish": ran(task, at, at + 5, thread=thread)}
        made |= {"raise": raised(task, at, at + 5, thread=thread)}
        runs += made.get(end, ran(task, at, None, thread=thread))
        at += 10
    built = book(tmp_path_factory.mktemp("any"), PLAN, ALL_SENT, runs)
    told = fates(built, [], {})
    assert sorted(task for ids in told.by_name.values() for task in ids.tolist()) == [0, 1, 2, 3]
    assert int((built.raised >= 0).sum()) == ends.count("raise")
    assert int((built.finished >= 0).sum()) == ends.count("finish")


def test_types_and_exceptions_come_back_from_parquet(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(1), raising_once=range(100), failing=(7,))
    cell = write_load(tmp_path / "cell", made)
    again = ledger.load(cell)
    for name in (*ledger.TASK_COLUMNS, *ledger.RUN_COLUMNS):
        assert np.array_equal(getattr(again, name), getattr(made.book, name)), name
    assert again.types == ("thumbnail", "mail") == WORKLOAD.names
    assert (again.raised >= 0).any()
    assert again.of_type("mail").sum() == (made.book.kind == 1).sum() > 0
    assert not again.of_type("no such").any()


def test_cells_of_other_scenarios_have_the_columns_that_they_had(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("-",), "recovery": ("deploy",)}, systems=("huey",))
    for _, cell in run.measured():
        columns = pq.read_schema(cell.folder / "runs.parquet").names
        assert columns == [
            *("task", "host", "pid", "parent", "thread", "started_ns", "finished_ns", "import_us"),
        ]
        assert set(cell.tasks("type").to_pylist()) == {""}
        assert ledger.load(cell).types == ()


def test_a_type_that_never_came_is_no_type_of_the_ledger_and_breaks_nothing(
    tmp_path: Path,
) -> None:
    made = made_up_load(np.random.default_rng(1))
    one = made.book.typed(np.zeros(len(made.book.task), np.int16), WORKLOAD.names)
    columns = ledger.tables(one, {})[0]
    assert set(columns["type"].to_pylist()) == {"thumbnail"}
    assert not one.of_type("mail").any() and one.of_type("thumbnail").all()


def test_the_warm_up_has_no_type(tmp_path: Path) -> None:
    plan = {-1_000_000: 5, 0: 10, 1: 10}
    sends = [row for task, due in plan.items() for row in sent(task, due, 11, 12)]
    made = book(tmp_path, plan, sends, []).typed(np.array([1, 0], np.int16), ("a", "b"))
    assert made.kind.tolist() == [-1, 1, 0]


def test_further_runs_are_counted_as_pushes(tmp_path: Path) -> None:
    runs = (
        raised(0, 20, 21)
        + ran(0, 30, 31)
        + raised(1, 20, 22, pid=8)
        + raised(1, 32, 33, pid=8)
        + raised(2, 40, 41)
    )
    made = book(tmp_path, PLAN, ALL_SENT, runs)
    made = made.typed(np.array([0, 0, 0, 1], np.int16), ("a", "b"))
    retries = {"a": 1, "b": 0}
    # Two began again; the run of task 2 that raised at 41 was due again, and has not begun.
    assert pushed_again(made, retries, 0, 100) == (2, 3)
    assert pushed_again(made, retries, 0, 31) == (1, 2)
    assert pushed_again(made, {"a": 0, "b": 9}, 0, 100) == (2, 2)
    assert pushed_again(made, retries, 50, 100) == (0, 0)


def test_what_a_living_worker_runs_is_in_its_hand(tmp_path: Path) -> None:
    runs = (
        ran(0, 20, None, pid=7)
        + ran(1, 20, None, pid=8)
        + raised(2, 20, 21, pid=9)
        + ran(3, 22, None, pid=7, thread=4)
        + ran(3, 30, 31, pid=9)
    )
    made = book(tmp_path, PLAN, ALL_SENT, runs)
    assert in_hand(made, [7, 9]) == [0], "the process of task 1 is gone, task 3 has finished"
    assert in_hand(made, []) == []
    assert in_hand(book(tmp_path, PLAN, ALL_SENT, []), [7]) == []


def test_the_first_error_of_each_type_is_read(tmp_path: Path) -> None:
    (tmp_path / "raised-0.json").write_text('{"task": 7, "error": "ValueError: no"}')
    (tmp_path / "raised-1.json").write_text('{"task": 9, "err')
    found = first_errors(tmp_path, ("a", "b", "c"))
    assert list(found) == ["a"] and (found["a"].task, found["a"].error) == (7, "ValueError: no")


def test_what_is_outstanding_is_told_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "runs.bin", [])
    kinds = np.array([0, 1, 1, 0, 0], np.int16)
    tail = event_files.FileTail(path)
    tasks = Outstanding(tail, kinds, (0, 1))

    def append(*rows: tuple[int, int, int, int, int, int]) -> None:
        with open(path, "ab") as file:
            for kind, flag, pid, task, stamp, a in rows:
                packed = event_log.RECORD.pack(event_log.MARKER, kind, flag, pid, task, stamp, a, 0)
                file.write(packed)

    assert tasks.look() == 0 and tasks.at_rest() == [0, 1, 2, 3, 4]
    append(*ran(0, 20, 30), *raised(1, 21, 31), *ran(-5, 1, 2), *ran(99, 1, 2))
    assert tasks.look() == 1, "task 1 has a retry left"
    append(*ran(1, 40, None))
    assert tasks.look() == 1 and tasks.at_rest() is None and not tasks.only_running()
    assert tasks.at_rest(begun_after_ns=41) == [1, 2, 3, 4], "its worker was killed at 41"
    append(*raised(1, 50, 51), *raised(3, 50, 51, pid=9))
    assert tasks.look() == 3, "tasks 1 and 3 have had all their runs"
    tasks.leave_out([4, -1_000_000, 1234])
    assert tasks.look() == 4 and tasks.at_rest() == [2]
    append(*ran(2, 60, None))
    assert tasks.look() == 4 and tasks.only_running()
    tail.close()
