"""What a load cost, stored: CPU and commands per 1,000 tasks, whatever these did."""

import math

import numpy as np

from bench.measure.drain import cpu_by_the_clock, grown, why_no_commands, why_no_server
from bench.measure.figures import measure_or
from bench.measure.validity import edge
from bench.model.broker import KINDS
from bench.model.metric import Measure
from bench.record.ledger import Ledger
from bench.record.store import StoredCell

COSTS = ("cpu_s_per_1000", "broker_commands_per_1000")


def costs(cell: StoredCell, book: Ledger) -> list[Measure]:
    """CPU-seconds of workers and broker, and commands of the broker, per 1,000 finished tasks.

    From the begin of the warm-up to the first sample after the last finish; warm-up tasks count.
    As of a burst (decision 41), what the broker spends by the clock is taken off its CPU, and of
    the commands nothing but the instrument's own. Workers that wait are in it: waiting is what this
    load makes them do.
    """
    samples, finish = cell.samples, book.first_finish()
    begun = edge(samples, "warmup:start")
    done = finish[(book.sent >= int(begun["ns"])) & (finish >= 0)]
    if not len(done):
        return [Measure(name, None, "withheld", "no task finished") for name in COSTS]
    over = samples[samples["ns"] >= int(done.max())].iloc[0]
    busy = grown(begun, over)
    idle = grown(edge(samples, "settling"), edge(samples, "idle"))
    workers = float(over["worker_cpu_s"] - begun["worker_cpu_s"])
    broker = float(np.maximum(busy[0] - cpu_by_the_clock(idle, busy) * busy[2], 0.0))
    if _has_no_server(cell):
        broker = 0.0  # its work is done inside the workers, and counted there
    cpu_s, commands = workers + broker, float(busy[1])
    return [
        measure_or(
            "cpu_s_per_1000",
            None if math.isnan(cpu_s) else cpu_s / len(done) * 1000,
            *why_no_server(cell),
        ),
        measure_or(
            "broker_commands_per_1000",
            None if math.isnan(commands) else commands / len(done) * 1000,
            *why_no_commands(cell),
        ),
    ]


def _has_no_server(cell: StoredCell) -> bool:
    kind = KINDS.get(cell.spec.broker)
    return kind is not None and not kind.server
