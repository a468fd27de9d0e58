"""workload, live: what happens in a cell."""

import random
import time
from dataclasses import replace

import numpy as np

from bench.base.errors import CellFailed
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import FIRST_WARM_TASK, NS, Ints, Schedule, poisson_count
from bench.testbed import strikes
from bench.testbed.load import START_IN_NS
from bench.testbed.outstanding import Outstanding
from bench.testbed.pending import GONE_S
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.until import sleep_until
from bench.workload import cell_files
from bench.workload.arrivals import Arrivals, Kinds, arrive
from bench.workload.draws import TaskDraws, draw
from bench.workload.workload_file import WorkloadFile
from scenarios.workload import IDLE_S, STRIKES

WARM_AT_MOST = 100_000
READ_NS = 2_000  # a generator needs about so long to read a task of its schedule, and more to spare
MIDDLE = 0.5
GRACE_NS = 10 * NS  # after a strike: by then what a deploy let finish has been killed too
KILLING = ("crash", "deploy")  # of these nothing lives on that ran when they struck
LOOK_S = 0.1
ASK_AGAIN_S = 1.0


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Boot, idle, warm-up at the load's first rate, the load, and what is left of it."""
    file = cell.workload
    assert file is not None, "no plan has this scenario without a file"
    arrivals = arrive(file.workload, cell.seed, file.trace, float(cell.params["times"]))
    if not len(arrivals):
        raise CellFailed("the seed drew no arrival at all: let the load last longer")
    schedule = _prepared(cell, testbed, file, arrivals)
    with testbed.phase("boot"):
        testbed.boot()
        testbed.sampler.edge("settling")
        time.sleep(IDLE_S)
        testbed.sampler.edge("idle")
    if cell.case in STRIKES:
        testbed.fleet.supervise()
    begin = _send(cell, testbed, schedule)
    del schedule
    end = begin + int(arrivals.seconds * NS)
    _mark(testbed, arrivals, begin, end)
    retries = [task.retries for task in file.workload.task]
    tasks = Outstanding(testbed.tail, arrivals.kinds, retries)
    with testbed.phase("steady"):
        _load(cell, testbed, tasks, len(arrivals), (begin, end))
    _until_over(cell, testbed, tasks, len(arrivals))
    testbed.sampler.edge("drained")
    return Ending(kinds=arrivals.kinds)


def _prepared(cell: Cell, testbed: Testbed, file: WorkloadFile, arrivals: Arrivals) -> Schedule:
    """Write down what each task does, and return when each is due: the warm-up, then the load.

    Offsets count from the begin of the warm-up.
    """
    warm_due, warm_kinds = warm_up(arrivals, float(cell.params["warmup_s"]), cell.seed)
    lines = {name: len(given.sizes) for name, given in file.arguments.items()}
    draws = draw(file.workload, arrivals.kinds, cell.seed, lines)
    warm = never_failing(draw(file.workload, warm_kinds, cell.seed + 1, lines))
    cell_files.write(testbed.work, file, arrivals, draws, warm, warm_kinds)
    return whole_schedule(file, arrivals, warm_due, warm_kinds, float(cell.params["warmup_s"]))


def warm_up(arrivals: Arrivals, seconds: float, seed: int) -> tuple[Ints, Kinds]:
    """(due_ns, kinds), both (n,): for some seconds, tasks as they come when the load begins.

    Their rate is that of the load's first seconds, each of its type is one of these tasks'.
    """
    stretch = min(seconds, arrivals.seconds) or seconds
    first = int(np.searchsorted(arrivals.due_ns, stretch * NS))
    count = min(round(first * seconds / stretch), WARM_AT_MOST)
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int16)
    due = poisson_count(count / seconds, count, seed + 1)
    rng = np.random.default_rng((seed + 1, 0))
    kinds = arrivals.kinds[rng.integers(len(arrivals.kinds), size=count)]
    inside = due < seconds * NS
    return due[inside], kinds[inside]


def never_failing(draws: TaskDraws) -> TaskDraws:
    """The same without planned failures: a retry of the warm-up would fall into the load."""
    return replace(draws, failing_runs=np.zeros_like(draws.failing_runs))


def whole_schedule(
    file: WorkloadFile, arrivals: Arrivals, warm_due: Ints, warm_kinds: Kinds, warmup_s: float
) -> Schedule:
    """Warm-up and load one after the other; the work of a task is its type's index as text."""
    warm = np.arange(len(warm_due), dtype=np.int64)
    return Schedule(
        np.concatenate((FIRST_WARM_TASK + warm, np.arange(len(arrivals), dtype=np.int64))),
        np.concatenate((warm_due, arrivals.due_ns + round(warmup_s * NS))),
        np.concatenate((warm_kinds, arrivals.kinds)).astype(np.int64),
        tuple(str(kind) for kind in range(len(file.workload.task))),
    )


def _send(cell: Cell, testbed: Testbed, schedule: Schedule) -> int:
    """Give the schedule out and warm up; the stamp (ns) at which the load begins."""
    t0 = time.monotonic_ns() + START_IN_NS + READ_NS * len(schedule)
    begin = t0 + round(float(cell.params["warmup_s"]) * NS)
    with testbed.phase("warmup"):
        testbed.load.send(schedule, t0)
        sleep_until(begin)
    return begin


def _mark(testbed: Testbed, arrivals: Arrivals, begin: int, end: int) -> None:
    testbed.mark("begin_ns", begin)
    testbed.mark("steady_end_ns", end)
    testbed.mark("load_s", arrivals.seconds)
    testbed.mark("rate", len(arrivals) / max(arrivals.seconds, 1e-9))


def _load(
    cell: Cell, testbed: Testbed, tasks: Outstanding, count: int, span: tuple[int, int]
) -> None:
    """Look on while the load goes its way, and strike in its middle where the case says so."""
    begin, end = span
    fault = STRIKES.get(cell.case)
    # Some play, so that blocks are not all struck at the same place of a trace.
    play = min(0.5 * NS, 0.1 * (end - begin))
    at = begin + int(MIDDLE * (end - begin) + random.Random(cell.seed).uniform(-play, play))
    while (now := time.monotonic_ns()) < end:
        if fault and now >= at:
            strikes.strike(testbed, fault, [], at)
            fault = None
        testbed.progress("steady", tasks.look(), count)
        testbed.load.check_alive()
        if cell.case not in STRIKES:
            testbed.fleet.check_alive()
        if testbed.out_of_time():
            testbed.mark("out_of_time", 1)
            return
        next_ns = min(end, at) if fault else end
        time.sleep(max(min(LOOK_S, (next_ns - time.monotonic_ns()) / 1e9), 0.0))


def _until_over(cell: Cell, testbed: Testbed, tasks: Outstanding, count: int) -> None:
    """Until every task has come to its end or will not, or the time for that is over."""
    struck = testbed.notes.injections
    after_s = float(cell.params["horizon_s"] if struck else cell.params["settle_s"])
    deadline = time.monotonic() + max(after_s, float(cell.params["settle_s"]))
    over, since, all_sent = -1, time.monotonic(), False
    while time.monotonic() < deadline and not testbed.out_of_time():
        if not all_sent and (all_sent := testbed.load.done()):
            tasks.leave_out(testbed.load.errors())
        if (now_over := tasks.look()) == count:
            return
        testbed.progress("rest", now_over, count)
        if now_over != over:
            over, since = now_over, time.monotonic()
        elif all_sent and time.monotonic() - since > GONE_S:
            rest = tasks.at_rest(_killed_before_ns(cell, testbed))
            if rest is not None and testbed.pending.all_told(rest):
                return
            time.sleep(ASK_AGAIN_S)
        time.sleep(LOOK_S)


def _killed_before_ns(cell: Cell, testbed: Testbed) -> int:
    """What began before this stamp was killed by a strike; 0 where nothing is known to be dead."""
    strikes_over = [each for each in testbed.notes.injections if cell.case in KILLING]
    if not strikes_over or time.monotonic_ns() < strikes_over[-1].end_ns + GRACE_NS:
        return 0
    return strikes_over[-1].t0_ns
