"""A few seconds with each arm, so that the duration of a run is estimated and not guessed, and a
cell has as many load generators as it needs."""

import math
import shutil
import time
from pathlib import Path

from bench.brokers.choice import Servers
from bench.inprocess.event_log import FINISHED
from bench.model.arm import Arm
from bench.model.cell import Cell
from bench.model.manifest import CalibrationRecord
from bench.model.scenario import PriorMeasures, load_scenarios
from bench.model.schedule import at_once, merge
from bench.testbed.stage import Placing, here
from bench.testbed.testbed import Ending, Testbed

TASKS = 20_000
FILL_S, DRAIN_S = 1.0, 3.0
MOST_GENERATORS = 8
BUSY = 0.5  # the share of its time that a generator may spend in enqueue calls


def calibrate(
    arm: Arm,
    slots: int,
    folder: Path,
    servers: Servers,
    passed: tuple[str, ...],
    place: Placing = here,
) -> CalibrationRecord:
    """Boot, enqueue and drain for at most ten seconds in all; `folder` is removed after.

    The rates are in tasks/s.
    """
    began = time.monotonic()
    cell = Cell(0, "calibration", "-", arm, 0, slots, 0, passed=passed)
    testbed = Testbed(cell, folder, servers, 60, lambda *_: None, place)
    try:
        with testbed.open():
            testbed.boot()
            start = time.monotonic()
            testbed.tail.poll()
            testbed.load.send(merge((at_once(TASKS, 0.0), "")), time.monotonic_ns())
            finished = 0
            while (elapsed := time.monotonic() - start) < FILL_S + DRAIN_S and finished < TASKS:
                finished += int((testbed.tail.poll()["kind"] == FINISHED).sum())
                time.sleep(0.02)
            sent = int((testbed.live_ledger().returned >= 0).sum())
            sent_in_s = (
                float(testbed.live_ledger().returned.max()) / 1e9 - start
                if testbed.load.done()
                else elapsed
            )
            # What is left in the queue is of no interest here.
            testbed.finish(Ending(planned_until_ns=1, ask_what_is_held=False))
        return CalibrationRecord(
            tasks_per_s=max(finished, 1) / elapsed,
            enqueue_per_s=max(sent, 1) / sent_in_s,
            seconds=round(time.monotonic() - began, 1),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def generators_for(cell: Cell, prior: PriorMeasures, calibrated: CalibrationRecord | None) -> int:
    """So many generators that each spends less than half of its time in enqueue calls."""
    if "generators" in cell.params:
        return int(cell.params["generators"])
    rate = load_scenarios()[cell.scenario].rate(cell.params, prior)
    if not rate or not calibrated:
        return 1
    return max(1, min(MOST_GENERATORS, math.ceil(float(rate) / calibrated.enqueue_per_s / BUSY)))
