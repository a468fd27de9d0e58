"""7: what the instrument costs the systems that it measures.

What is measured outside of cells is judged as a cell would be: was the machine ours?
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import redis
from scipy import stats

from bench.base.environ import built
from bench.base.paths import ROOT
from bench.hosts.cgroup import Halts
from bench.hosts.process_table import machine_busy_s
from bench.inprocess import event_log
from bench.measure import validity
from bench.model.arm import Arm, parse_arm
from bench.model.cell import Cell
from bench.model.schedule import at_once, merge
from bench.selftest.expectations import NoFigure, SelftestLine, asked, within
from bench.selftest.synthetic_runs import SLOTS, Session, cells, fastest, forking, until_fit, value
from bench.testbed.testbed import Ending, Testbed

T = TypeVar("T")
TASKS, ROUNDS = 15_000, 6
# Between two tasks a worker waits for the broker: the caches are cold, and two µs become ten.
IN_PLACE_US = 25.0
WHERE = "bench/inprocess/body.py and bench/testbed/sampler.py, or a busy machine"


def recording(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """The log by itself; then a worker with it beside one without it.

    The two workers run on the fastest real arm, then on the floor.
    """
    what = "recording in a living process, by itself"
    with asked(lines, 7, what):
        added_us = alone(partial(loop_us, session.folder))
        lines.append(within(7, what, added_us, 0.0, 5.0, "µs per task", WHERE))
    with asked(lines, 7, "the fastest arm: a worker with the event log beside one without"):
        lines.append(_beside(session, fastest(session)))
    with asked(lines, 7, "the floor: a worker with the event log beside one without"):
        lines.append(_beside(session, parse_arm("floor", session.adapters)))


def _beside(session: Session, arm: Arm) -> SelftestLine:
    session.say(f"{arm.name}, one worker with the event log and one without")
    rounds = np.array(
        [alone(partial(side_by_side, session, arm, number)) for number in range(ROUNDS)]
    )
    if not (np.isfinite(rounds) & (rounds > 0)).all():
        raise NoFigure(f"a worker of {arm.name} finished nothing beside the other")
    added = 1e6 / rounds[:, 0] - 1e6 / rounds[:, 1]
    mean = float(added.mean())
    low, high = stats.t.interval(0.95, ROUNDS - 1, loc=mean, scale=stats.sem(added))
    ratio = float(np.exp(np.log(rounds[:, 0] / rounds[:, 1]).mean()))
    what = (
        f"{arm.name}: a worker with the event log does {ratio:.3f} times the tasks of one without; "
        f"added, 95 % interval {low:.1f} to {high:.1f} µs"
    )
    return within(7, what, mean, -IN_PLACE_US, IN_PLACE_US, "µs per task", WHERE)


def side_by_side(session: Session, arm: Arm, number: int) -> tuple[float, float]:
    """Two workers drain one queue, one without an event file: (tasks per second with, without).

    Whatever else the machine does hits both at once; two drains after each other scatter by 10 %
    here.
    """
    cell = Cell(1, "burst", "-", arm, 0, SLOTS, 1, {"tasks": TASKS})
    folder = session.folder / "own-cost" / f"{arm.adapter.name}-{number}"
    testbed = Testbed(cell, folder, {}, 300, lambda *_: None)
    with testbed.open():
        testbed.load.send(merge((at_once(TASKS, 0.0), "")), time.monotonic_ns())
        while not testbed.load.done():
            time.sleep(0.02)
        testbed.fleet.without_log(number % 2)
        testbed.fleet.start()
        left, recorded, seconds = _watched(testbed).T
        testbed.finish(Ending(ask_what_is_held=False))
    edges = [-0.9 * TASKS, -0.1 * TASKS]
    with_log, passed = (
        float(np.diff(np.interp(edges, -left, column))[0]) for column in (recorded, seconds)
    )
    return with_log / passed, (0.8 * TASKS - with_log) / passed


def _watched(testbed: Testbed) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """(tasks on the queue, tasks recorded as finished, seconds) until it is empty, shape (n, 3)."""
    rows: list[tuple[float, float, float]] = []
    # redis-py types every answer as awaitable too.
    client: Any = redis.Redis.from_url(testbed.broker.url)
    queue = max(client.scan_iter(_type="list"), key=client.llen)  # the longest holds the tasks
    while not rows or rows[-1][0]:
        rows.append((float(client.llen(queue)), testbed.tail.count() / 2, time.monotonic()))
        time.sleep(0.02)
    return np.array(rows)


def loop_us(folder: Path, rounds: int = 5) -> float:
    """µs that the two records of a task cost in a loop, by the median of the rounds.

    Each round is the difference of a loop with and one without an event file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    added = []
    for number in range(rounds):
        path = folder.absolute() / f"loop-{number}.bin"
        event_log.create(str(path))
        added.append(_output(LOOP, {"QUEUE_BENCH_EVENTS": str(path)}) - _output(LOOP, {}))
        path.unlink()
    return float(np.median(added))


def _output(code: str, extra: dict[str, str]) -> float:
    # From the folder of the code: `python -c` looks there first, whatever signs its path has.
    return float(
        subprocess.check_output(
            [sys.executable, "-c", code], env=built(extra), cwd=ROOT, stderr=subprocess.PIPE
        )
    )


LOOP = """
import time
from bench.inprocess import body
for n in range(20_000): body.run(n)
t = time.perf_counter()
for n in range(100_000): body.run(n)
print((time.perf_counter() - t) * 10)
"""
FORKED = """
import os, time
def child(path):
    pid = os.fork()
    if not pid:
        if path:
            os.environ["QUEUE_BENCH_EVENTS"] = path
        else:
            os.environ.pop("QUEUE_BENCH_EVENTS", None)
        from bench.inprocess import body
        body.run(1)
        os._exit(0)
    os.waitpid(pid, 0)
spent = {True: [], False: []}
for n in range(400):
    recording = n % 2 == 0
    t = time.perf_counter()
    child(PATH if recording else "")
    spent[recording].append(time.perf_counter() - t)
median = lambda values: sorted(values)[len(values) // 2]
print((median(spent[True]) - median(spent[False])) * 1e6)
"""


def forks(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """A child per task opens the event file anew: what that adds to a task of such a worker."""
    with asked(lines, 7, "recording in a child per task"):
        arm = forking(session)
        run = session.run("forking", "burst", [arm.name], ["-"], tasks=300, workers=SLOTS)
        own_us = 1e6 * SLOTS / value(run, "throughput")
        path = session.folder.absolute() / "forks.bin"
        event_log.create(str(path))
        added_us = alone(partial(_output, FORKED.replace("PATH", repr(str(path))), {}))
        path.unlink()
        what = (
            f"recording in a child per task adds {added_us:.0f} µs "
            f"to the {own_us:,.0f} µs of a task of {arm.name}; share"
        )
        lines.append(within(7, what, 100 * added_us / own_us, -2.0, 2.0, "%", WHERE))


def sampler(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """CPU of bench, its sampler and an idle generator while a backlog is drained."""
    what = "the instrument's own CPU during a drain, of one core"
    with asked(lines, 7, what):
        cell = cells(session.run("sampler", "burst", ["floor"], ["-"], tasks=50_000))[-1]
        first, last = (validity.edge(cell.samples, f"drain:{end}") for end in ("start", "end"))
        spent, ns = (last[name] - first[name] for name in ("instrument_cpu_s", "ns"))
        lines.append(within(7, what, 100 * float(spent / (ns / 1e9)), 0.0, 8.0, "%", WHERE))


def alone(act: Callable[[], T]) -> T:
    """What an act gives while nobody else is busy; again where somebody was, as often as a cell.

    All that it starts has ended when it returns: only then is it known what it took. Foreign load
    is not judged in less than two seconds, as in a cell.
    """

    def attempt() -> tuple[T, str]:
        moment = Moment()
        return act(), moment.unfit()

    return until_fit(attempt)


class Moment:
    """What had been spent at a moment."""

    def __init__(self) -> None:
        self._halts, self._cores = Halts(), os.sched_getaffinity(0)
        self._began = self._spent()

    def unfit(self) -> str:
        """Why the time since then is worth nothing; else nothing."""
        seconds, busy, ours, halted = (
            now - then for now, then in zip(self._spent(), self._began, strict=True)
        )
        quota = self._halts.quota_cores()
        cores = float("nan") if quota is None else quota
        throttled = validity.halted_too_long(halted, seconds, cores, "this check")
        if throttled or seconds < validity.FOREIGN_LOAD_FROM_S:
            return throttled
        return validity.too_busy((busy - ours) / (seconds * len(self._cores)), "this check")

    def _spent(self) -> tuple[float, float, float, float]:
        """(seconds, busy seconds of the cores, those of ours that have ended, halts)."""
        halted = self._halts.core_seconds()
        halts = float("nan") if halted is None else halted
        return time.monotonic(), machine_busy_s(self._cores), sum(os.times()[:4]), halts
