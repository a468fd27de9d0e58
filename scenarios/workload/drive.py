"""workload, live: what happens in a cell."""

import random
import time

import numpy as np

from bench.base.errors import CellFailed
from bench.base.freed_memory import give_back_at_once
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import NS, Schedule
from bench.testbed import strikes
from bench.testbed.in_hand import hold_what_runs
from bench.testbed.load import START_IN_NS
from bench.testbed.outstanding import Outstanding
from bench.testbed.pending import GONE_S
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.until import sleep_until
from bench.testbed.warming import warm_up
from bench.workload import cell_files
from bench.workload.arrivals import Arrivals, Kinds, arrive
from bench.workload.workload_file import WorkloadFile
from scenarios.workload import IDLE_S, SETTLE_AT_MOST_S, STRIKES
from scenarios.workload.prepared import drawn, drawn_before, lead_in, whole_schedule

READ_NS = 2_000  # a generator needs about so long to read a task of its schedule, and more to spare
MIDDLE = 0.5
GRACE_NS = 10 * NS  # after a strike: by then what a deploy let finish has been killed too
KILLING = ("crash", "deploy")  # of these nothing lives on that ran when they struck
LOOK_S = 0.1
ASK_AGAIN_S = 1.0
AROUND_S = 300.0


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Boot, a task of each type in each slot, idle, lead-in, the load, and what is left of it."""
    file = cell.workload
    assert file is not None, "no plan has this scenario without a file"
    give_back_at_once()
    arrivals = arrive(file.workload, cell.seed, file.trace, float(cell.params["times"]))
    if not len(arrivals):
        raise CellFailed("the seed drew no arrival at all: let the load last longer")
    first = cell_files.warm_kinds(len(file.workload.task), cell.slots)
    schedule = _prepared(cell, testbed, file, arrivals, first)
    with testbed.phase("boot"):
        testbed.boot()
        warm_up(testbed, first)
        testbed.sampler.edge("settling")
        time.sleep(IDLE_S)
        testbed.sampler.edge("idle")
    # Who asks for an hour does not want it cut after twenty minutes.
    testbed.deadline = max(testbed.deadline, time.monotonic() + arrivals.seconds + AROUND_S)
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
    if tasks.look() < len(arrivals):
        hold_what_runs(testbed)
    return Ending(kinds=arrivals.kinds)


def _prepared(
    cell: Cell, testbed: Testbed, file: WorkloadFile, arrivals: Arrivals, first: Kinds
) -> Schedule:
    """Write down what each task does, and return when each is due: the lead-in, then the load.

    `first` are the types of the tasks that come before either.
    """
    lead_s = float(cell.params["warmup_s"])
    lead = lead_in(arrivals, lead_s, cell.seed)
    before = np.concatenate((first, lead.kinds))
    cell_files.write(
        testbed.work,
        file,
        arrivals,
        drawn(file, arrivals.kinds, cell.seed),
        drawn_before(file, before, cell.seed),
        before,
    )
    return whole_schedule(len(file.workload.task), arrivals, lead, lead_s, len(first))


def _send(cell: Cell, testbed: Testbed, schedule: Schedule) -> int:
    """Give the schedule out and wait for the end of the lead-in; the stamp (ns) at which the load
    begins."""
    t0 = time.monotonic_ns() + START_IN_NS + READ_NS * len(schedule)
    begin = t0 + round(float(cell.params["warmup_s"]) * NS)
    testbed.mark("lead_in_ns", t0)
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
    begun = time.monotonic()
    deadline = begun + max(after_s, float(cell.params["settle_s"]))
    over, since, all_sent = -1, begun, False
    while not testbed.out_of_time():
        # What waits has had its time; what merely takes long may end. Of what ran when a fault
        # struck nobody knows whether it still runs.
        may_end = not struck and tasks.only_running()
        if time.monotonic() > (begun + SETTLE_AT_MOST_S if may_end else deadline):
            return
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
