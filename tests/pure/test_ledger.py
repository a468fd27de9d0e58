"""The ledger must find what was planted, by id, whatever the files look like."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import Held
from bench.base.errors import UsageError
from bench.inprocess import event_log
from bench.record import event_files
from bench.record.fates import fates, order_violations
from tests.events_files import book, ran, sent, write

N = 100_000


def test_one_loss_and_one_double_in_100000_are_found_by_id(tmp_path: Path) -> None:
    lost, doubled = 31_415, 92_653
    sends = [row for task in range(N) for row in sent(task, 10, 20 + task, 21 + task)]
    runs = [
        row
        for task in range(N)
        if task != lost
        for row in ran(task, 1_000_000 + task * 10, 1_000_005 + task * 10)
    ]
    runs += ran(doubled, 9_000_000, 9_000_005, pid=8)
    told = fates(book(tmp_path, dict.fromkeys(range(N), 10), sends, runs), [], {})
    assert told.by_name["lost"].tolist() == [lost]
    assert told.by_name["doubled"].tolist() == [doubled]
    assert told.count("finished") == N - 2
    assert sum(told.count(name) for name in told.by_name) == N


def test_an_id_that_was_never_sent_is_unexpected(tmp_path: Path) -> None:
    told = fates(
        book(tmp_path, {0: 10}, sent(0, 10, 11, 12), ran(0, 20, 30) + ran(77, 40, 50)), [], {}
    )
    assert told.by_name["unexpected"].tolist() == [77]


def test_every_fate_has_its_task(tmp_path: Path) -> None:
    sends = (
        sent(0, 10, 11, 12)
        + sent(1, 10, 11, 12)
        + sent(2, 10, 11, 12)
        + sent(3, 10, 11, 13, failed=True)
        + sent(4, 10, 11, None)
        + sent(5, 10, 11, 12)
    )
    runs = ran(0, 20, 30) + ran(1, 20, None) + ran(1, 60, 70, pid=9) + ran(2, 20, None)
    held = {5: Held("unacked")}
    told = fates(book(tmp_path, dict.fromkeys(range(7), 10), sends, runs), [50], held)
    expected = {
        "finished": [0],
        "recovered": [1],
        "lost": [2],
        "refused": [3],
        "open": [4],
        "stuck": [5],
    }
    assert {name: ids.tolist() for name, ids in told.by_name.items() if len(ids)} == expected


def test_without_the_ability_to_look_a_missing_task_is_open_not_lost(tmp_path: Path) -> None:
    told = fates(book(tmp_path, {0: 10}, sent(0, 10, 11, 12), []), [], None)
    assert told.by_name["open"].tolist() == [0] and told.count("lost") == 0


def test_a_second_start_alone_is_no_double(tmp_path: Path) -> None:
    told = fates(
        book(tmp_path, {0: 10}, sent(0, 10, 11, 12), ran(0, 20, None) + ran(0, 40, 50, pid=9)),
        [],
        {},
    )
    assert told.count("doubled") == 0 and told.count("finished") == 1


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sets(st.integers(0, 59), max_size=10),
    st.sets(st.integers(0, 59), max_size=10),
)
def test_shuffling_processes_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, lost: set[int], doubled: set[int]
) -> None:
    rng, folder = random.Random(seed), tmp_path_factory.mktemp("shuffled")
    # Each process writes in its own order; between processes any interleaving can happen.
    times = {task: 2 if task in doubled else 1 for task in range(60) if task not in lost}
    streams = [
        [
            row
            for task in range(pid, 60, 4)
            for _ in range(times.get(task, 0))
            for row in ran(task, 100, 200, pid=pid)
        ]
        for pid in range(4)
    ]
    mixed = []
    while any(streams):
        mixed.append(rng.choice([s for s in streams if s]).pop(0))
    sends = [row for task in range(60) for row in sent(task, 10, 20, 30)]
    told = fates(book(folder, dict.fromkeys(range(60), 10), sends, mixed), [], {})
    assert set(told.by_name["lost"].tolist()) == lost
    assert set(told.by_name["doubled"].tolist()) == doubled - lost


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 39))
def test_a_torn_last_record_is_normal(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    whole = event_log.RECORD.pack(event_log.MARKER, event_log.STARTED, 0, 7, 1, 5, 3, 0)
    found = event_files.read(
        write(tmp_path_factory.mktemp("torn") / "runs.bin", ran(0, 1, 2), whole[:length])
    )
    assert (len(found.records), found.torn, found.tail) == (2, 0, True)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 39), st.integers(0, 5))
def test_a_torn_record_inside_does_not_pass_unseen(
    tmp_path_factory: pytest.TempPathFactory, length: int, at: int
) -> None:
    path = write(
        tmp_path_factory.mktemp("torn") / "runs.bin",
        [row for task in range(3) for row in ran(task, 1, 2)],
    )
    data = path.read_bytes()
    cut = event_log.RECORD.size * (1 + at)
    path.write_bytes(data[:cut] + data[cut : cut + length] + data[cut:])
    found = event_files.read(path)
    assert found.torn >= 1 and not found.tail
    assert found.records["task"].tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("byte", [10, 30], ids=["boot", "time namespace"])
def test_a_file_by_another_clock_is_refused(tmp_path: Path, byte: int) -> None:
    path = tmp_path / "runs.bin"
    event_log.create(str(path))
    data = bytearray(path.read_bytes())
    data[byte] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UsageError, match="this boot"):
        event_files.read(path)


def test_namespaces_of_one_boot_have_clocks_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    here = event_log.clock_id()
    inode = os.stat("/proc/self/ns/time").st_ino
    assert here == event_log.boot_id() + inode.to_bytes(8, "little")

    def none(path: str) -> os.stat_result:
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "stat", none)  # a kernel before 5.6
    assert event_log.clock_id() == event_log.boot_id() + bytes(8)


@pytest.mark.parametrize(
    ("sends", "runs", "words"),
    [
        (sent(0, 30, 20, 40), [], "sent before due"),
        (sent(0, 10, 20, 15), [], "returned before sent"),
        (sent(0, 10, 20, 25), ran(0, 15, 30), "started before sent"),
        (sent(0, 10, 20, 25), ran(0, 30, 28), "finished before started"),
        (sent(0, 10, 20, 25), [(event_log.FINISHED, 0, 7, 0, 40, 3)], "finished without a start"),
    ],
)
def test_every_broken_order_is_named(tmp_path: Path, sends: list, runs: list, words: str) -> None:
    assert words in " ".join(order_violations(book(tmp_path, {0: sends[0][5]}, sends, runs)))


def test_a_start_before_the_return_is_in_order(tmp_path: Path) -> None:
    assert order_violations(book(tmp_path, {0: 10}, sent(0, 10, 20, 60), ran(0, 40, 50))) == []


def test_the_tail_gives_each_record_once(tmp_path: Path) -> None:
    path = write(tmp_path / "runs.bin", ran(0, 1, 2))
    tail = event_files.FileTail(path)
    assert tail.poll()["task"].tolist() == [0, 0]
    with open(path, "ab") as file:
        file.write(
            event_log.RECORD.pack(event_log.MARKER, event_log.STARTED, 0, 7, 1, 5, 3, 0)[:25]
        )
    assert len(tail.poll()) == 0
    with open(path, "ab") as file:
        file.write(
            event_log.RECORD.pack(event_log.MARKER, event_log.STARTED, 0, 7, 1, 5, 3, 0)[25:]
        )
    assert tail.poll()["task"].tolist() == [1]
    assert tail.count() == 3
    tail.close()


def test_the_first_of_several_finishes_counts(tmp_path: Path) -> None:
    built = book(
        tmp_path,
        {0: 10, 1: 10},
        sent(0, 10, 11, 12) + sent(1, 10, 11, 12),
        ran(0, 20, 90) + ran(0, 30, 40, pid=8),
    )
    assert built.first_finish().tolist() == [40, -1]
    assert built.finishes().tolist() == [2, 0]
    assert np.array_equal(built.first_start(), [20, -1])
