"""What goes over a channel, and pings, without a host."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from bench.hosts.sent.clock_echo import Echo, Pinger
from bench.hosts.sent.frames import Frames, NoFrame, frame
from bench.inprocess import event_log
from bench.model.cell_log import HostClock
from bench.record import far_events
from bench.record.clock_bounds import Pings, offset_bounds
from bench.record.clock_network import ClockNetwork
from bench.record.far_events import HostEvents
from bench.record.fates import order_violations
from bench.record.one_clock import on_one_clock
from tests import events_files
from tests.events_files import SECOND, ran, sent

MS = 1_000_000


def test_frames_come_back_whole_however_they_are_cut() -> None:
    given = [({"kind": "a", "text": "ä\n"}, b""), ({"number": 2}, bytes(range(256)) * 9)]
    stream = b"".join(frame(*each) for each in given)
    for size in (1, 7, 100, len(stream)):
        frames = Frames()
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [each for piece in pieces for each in frames.feed(piece)] == given


@pytest.mark.parametrize("said", [b"Welcome to Ubuntu", json.dumps({"pid": 1}).encode()])
def test_what_is_no_frame_is_told_by_its_first_bytes(said: bytes) -> None:
    with pytest.raises(NoFrame, match=said[:7].decode()):
        list(Frames().feed(said))


def test_pings_carry_both_clocks_and_strangers_hear_nothing() -> None:
    token = b"0123456789abcdef"
    echo = Echo("127.0.0.1", token)
    target = {"worker-1": ("127.0.0.1", echo.port)}
    ours, strangers = Pinger("127.0.0.1", token, target), Pinger("127.0.0.1", b"?" * 16, target)
    time.sleep(0.65)
    ours.stop()
    strangers.stop()
    stamps = np.array(ours.pings()["worker-1"]).reshape(-1, 4)
    assert len(stamps) >= 5 and (np.diff(stamps, axis=1) >= 0).all()
    assert len(strangers.pings()["worker-1"]) == 0


# Three hosts: a generator whose clock is 1,000 s before ours, a worker 100 s behind, and 5 s of
# load. What really happened is told by our clock.
GENERATOR_NS, WORKER_NS = 1_000 * SECOND, -100 * SECOND
BEGIN = 500 * SECOND


def made(folder: Path) -> list[HostEvents]:
    """Tasks 0 to 9: one each 0.5 s, started after 2 ms, finished after 5."""
    due = [BEGIN + number * SECOND // 2 for number in range(10)]
    near = [
        row
        for n, at in enumerate(due)
        for row in sent(n, at + GENERATOR_NS, at + GENERATOR_NS + 1000, at + GENERATOR_NS + MS)
    ]
    far = [
        row
        for n, at in enumerate(due)
        for row in ran(n, at + WORKER_NS + 2 * MS, at + WORKER_NS + 5 * MS)
    ]
    begins = [event_log.header(bytes([number]) * 24) for number in (1, 2)]
    paths = [
        events_files.write(folder / name, rows)
        for name, rows in (("sent-0.bin", near), ("runs.bin", far))
    ]
    for path, begin in zip(paths, begins, strict=True):
        path.write_bytes(begin + path.read_bytes()[len(begin) :])
    return [
        HostEvents("generator-1", begins[0], GENERATOR_NS, (paths[0],)),
        HostEvents("worker-1", begins[1], WORKER_NS, (), paths[1]),
    ]


def pings(asymmetry_ns: int = 0) -> ClockNetwork:
    """Ten a second from generator to worker, 50 µs each way and more on the way there."""
    at = BEGIN - 2 * SECOND + np.arange(100) * SECOND // 10
    seen = at + 50_000 + asymmetry_ns + WORKER_NS
    rows = np.column_stack(
        [at + GENERATOR_NS, seen, seen + 1000, at + 101_000 + asymmetry_ns + GENERATOR_NS]
    )
    return ClockNetwork({("near", "far"): offset_bounds(Pings.of(rows))})


HOSTS = {
    "generator-1": HostClock(clock="near", offset_ns=0),
    "worker-1": HostClock(clock="far", offset_ns=WORKER_NS - GENERATOR_NS),
}


def test_while_a_cell_goes_on_all_is_by_our_clock(tmp_path: Path) -> None:
    plan = np.arange(11), BEGIN + np.arange(11) * SECOND // 2
    book, torn = far_events.build(plan, made(tmp_path), raw=False)
    assert torn == 0 and book.task.tolist() == list(range(11)) and not order_violations(book)
    assert book.due.tolist() == plan[1].tolist()
    assert (book.first_finish()[:10] - book.due[:10]).tolist() == [5 * MS] * 10
    assert book.sent[10] == -1 and book.hosts == ("generator-1", "worker-1")


def test_stored_stamps_are_the_hosts_own_and_come_to_one_clock_with_their_give(
    tmp_path: Path,
) -> None:
    plan = np.arange(11), BEGIN + np.arange(11) * SECOND // 2
    raw, _ = far_events.build(plan, made(tmp_path), raw=True)
    assert raw.due.tolist() == (plan[1] + GENERATOR_NS).tolist()
    assert raw.started[0] == BEGIN + WORKER_NS + 2 * MS
    book = on_one_clock(raw, HOSTS, pings())
    took = book.first_finish()[:10] - book.due[:10]
    give = book.give_of_tasks()[:10]
    assert (np.abs(took - 5 * MS) <= give).all() and give.max() < 70_000
    assert book.due.tolist() == raw.due.tolist(), "the first host's clock is that of all"


def test_a_longer_way_there_widens_the_give_and_the_truth_stays_inside(tmp_path: Path) -> None:
    raw, _ = far_events.build(None, made(tmp_path), raw=True)
    book = on_one_clock(raw, HOSTS, pings(asymmetry_ns=2 * MS))
    took, give = book.first_finish() - book.due, book.give_of_tasks()
    assert (np.abs(took - 5 * MS) <= give).all() and give.min() > MS
    assert not order_violations(book)


def test_without_pings_rates_are_there_and_nothing_is_known_of_latencies(tmp_path: Path) -> None:
    raw, _ = far_events.build(None, made(tmp_path), raw=True)
    book = on_one_clock(raw, HOSTS, ClockNetwork({}))
    assert np.isinf(book.give_of_tasks()).all()
    assert np.diff(np.sort(book.first_finish())).tolist() == [SECOND // 2] * 9
