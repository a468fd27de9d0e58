"""7: what the instrument costs the systems that it measures."""

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from bench.base.environ import built
from bench.base.paths import ROOT
from bench.inprocess import event_log
from bench.measure.validity import edge
from bench.model.arm import Arm, parse_arm
from bench.model.cell import Cell
from bench.model.schedule import at_once, merge
from bench.selftest import subjects
from bench.selftest.alone import alone
from bench.selftest.expectations import NoFigure, SelftestLine, asked, within
from bench.selftest.synthetic_runs import Session, cells, value
from bench.testbed.testbed import Ending, Testbed

TASKS, ROUNDS = 15_000, 6
# Between two tasks a worker waits for the broker: the caches are cold, and two µs become ten.
IN_PLACE_US = 25.0
FORKS = 200
WHERE = "bench/inprocess/body.py and bench/testbed/sampler.py, or a busy machine"


def recording(session: Session, quick: bool) -> list[SelftestLine]:
    """The log by itself; then a worker with it beside one without it.

    The two workers run on the fastest real arm, then on the floor.
    """
    lines: list[SelftestLine] = []
    what = "recording in a living process, by itself"
    with asked(lines, 7, what):
        micros = alone(lambda: loop_us(session.folder))
        lines.append(within(7, what, micros, 0.0, 5.0, "µs per task", WHERE))
    with asked(lines, 7, "the fastest arm: a worker with the event log beside one without"):
        lines.append(_beside(session, subjects.fastest(session)))
    with asked(lines, 7, "the floor: a worker with the event log beside one without"):
        lines.append(_beside(session, parse_arm("floor", session.adapters)))
    return lines


def _beside(session: Session, arm: Arm) -> SelftestLine:
    session.say(f"{arm.name}, one worker with the event log and one without")
    rounds = np.array([_round(session, arm, number) for number in range(ROUNDS)])
    if not (np.isfinite(rounds) & (rounds > 0)).all():
        raise NoFigure(f"a worker of {arm.name} finished nothing beside the other")
    added, low, high = _interval(1e6 / rounds[:, 0] - 1e6 / rounds[:, 1])
    ratio = float(np.exp(np.log(rounds[:, 0] / rounds[:, 1]).mean()))
    what = (
        f"{arm.name}: a worker with the event log does {ratio:.3f} times the tasks of one without; "
        f"added, 95 % interval {low:.1f} to {high:.1f} µs"
    )
    return within(7, what, added, -IN_PLACE_US, IN_PLACE_US, "µs per task", WHERE)


def _round(session: Session, arm: Arm, number: int) -> tuple[float, float]:
    return alone(lambda: side_by_side(session, arm, number))


def side_by_side(session: Session, arm: Arm, number: int) -> tuple[float, float]:
    """Two workers drain one queue, one without an event file: (tasks per second with, without).

    Whatever else the machine does hits both at once; two drains after each other scatter by 10 %
    here.
    """
    cell = Cell(1, "burst", "-", arm, 0, subjects.SLOTS, 1, {"tasks": TASKS})
    testbed = Testbed(
        cell, session.folder / "own-cost" / f"{arm.adapter.name}-{number}", {}, 300, lambda *_: None
    )
    with testbed.open():
        testbed.load.send(merge((at_once(TASKS, 0.0), "")), time.monotonic_ns())
        while not testbed.load.done():
            time.sleep(0.02)
        testbed.fleet.without_log(number % 2)
        testbed.fleet.start()
        left, recorded, seconds = _watched(testbed, subjects.connect(testbed.broker.url)).T
        testbed.finish(Ending(ask_what_is_held=False))
    edges = [-0.9 * TASKS, -0.1 * TASKS]
    with_log, passed = (
        float(np.diff(np.interp(edges, -left, column))[0]) for column in (recorded, seconds)
    )
    return with_log / passed, (0.8 * TASKS - with_log) / passed


def _watched(testbed: Testbed, client: Any) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """(tasks on the queue, tasks recorded as finished, seconds) until it is empty, shape (n, 3)."""
    rows: list[tuple[float, float, float]] = []
    queue = subjects.queue(client)
    while not rows or rows[-1][0]:
        rows.append((float(client.llen(queue)), testbed.tail.count() / 2, time.monotonic()))
        time.sleep(0.02)
    return np.array(rows)


def _interval(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, float, float]:
    """(mean, low, high) of a 95 % t-interval."""
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    mean = float(values.mean())
    return mean, mean - half, mean + half


def loop_us(folder: Path, rounds: int = 5) -> float:
    """µs that the two records of a task cost in a loop, by the median of the rounds.

    Each round is the difference of a loop with and one without an event file.
    """
    loop = "for n in range({}): body.run(n)\n"
    code = (
        "import time\nfrom bench.inprocess import body\n"
        + loop.format(20_000)
        + "t = time.perf_counter()\n"
        + loop.format(100_000)
    )
    code += "print((time.perf_counter() - t) * 10)"
    folder.mkdir(parents=True, exist_ok=True)
    added = []
    for number in range(rounds):
        path = folder.absolute() / f"loop-{number}.bin"
        event_log.create(str(path))
        with_log, without = (
            _output(code, extra) for extra in ({"QUEUE_BENCH_EVENTS": str(path)}, {})
        )
        path.unlink()
        added.append(with_log - without)
    return statistics.median(added)


def _output(code: str, extra: dict[str, str]) -> float:
    # From the folder of the code: `python -c` looks there first, whatever signs its path has.
    argv, env = [sys.executable, "-c", code], built(extra)
    done = subprocess.run(
        argv, env=env, cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    return float(done.stdout)


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
for n in range(2 * {forks}):
    recording = n % 2 == 0
    t = time.perf_counter()
    child(PATH if recording else "")
    spent[recording].append(time.perf_counter() - t)
median = lambda values: sorted(values)[len(values) // 2]
print((median(spent[True]) - median(spent[False])) * 1e6)
"""


def forks(session: Session, quick: bool) -> list[SelftestLine]:
    """A child per task opens the event file anew: what that adds to a task of such a worker."""
    lines: list[SelftestLine] = []
    with asked(lines, 7, "recording in a child per task"):
        arm = subjects.forking(session)
        run = session.run("forking", "burst", [arm.name], ["-"], tasks=300, workers=subjects.SLOTS)
        own_us = 1e6 * subjects.SLOTS / value(run, "throughput")
        path = session.folder.absolute() / "forks.bin"
        event_log.create(str(path))
        code = FORKED.replace("{forks}", str(FORKS)).replace("PATH", repr(str(path)))
        added_us = alone(lambda: _output(code, {}))
        path.unlink()
        what = (
            f"recording in a child per task adds {added_us:.0f} µs "
            f"to the {own_us:,.0f} µs of a task of {arm.name}; share"
        )
        lines.append(within(7, what, 100 * added_us / own_us, -2.0, 2.0, "%", WHERE))
    return lines


def sampler(session: Session, quick: bool) -> list[SelftestLine]:
    """CPU of bench, its sampler and an idle generator while a backlog is drained."""
    lines: list[SelftestLine] = []
    what = "the instrument's own CPU during a drain, of one core"
    with asked(lines, 7, what):
        cell = cells(session.run("sampler", "burst", ["floor"], ["-"], tasks=50_000))[-1]
        first, last = (edge(cell.samples, f"drain:{end}") for end in ("start", "end"))
        spent, ns = (last[name] - first[name] for name in ("instrument_cpu_s", "ns"))
        lines.append(within(7, what, 100 * float(spent / (ns / 1e9)), 0.0, 8.0, "%", WHERE))
    return lines
