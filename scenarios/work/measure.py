"""work, stored: the figures of a cell, from its files alone."""

from bench.measure import validity
from bench.measure.drain import enqueue_rate, slots_seen, throughput, why_no_server, worker_cpu
from bench.measure.figures import (
    correctness,
    delta,
    fate_measures,
    fates_of,
    first_problem,
    judged,
    measure_or,
    peak,
)
from bench.model.metric import Measure
from bench.record import ledger
from bench.record.store import StoredCell
from scenarios.work import ceiling


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """Throughput, its share of the ceiling, the slots that worked, memory and CPU."""
    book = ledger.load(cell)
    told = fates_of(cell, book)
    measures = [
        throughput(cell, book),
        *_share(cell, book, cores),
        Measure("slots_seen", float(slots_seen(book, cell.spec.slot, cell.spec.slots))),
        Measure("enqueue_rate", enqueue_rate(cell, book)),
        *_memory(cell, book),
        worker_cpu(cell, book),
        *fate_measures(told),
    ]
    invalid = first_problem(
        lambda: validity.events(cell, book, all_sent=True),
        lambda: validity.machine(cell, ("enqueue", "drain"), cores),
        lambda: validity.count(cell, book, "enqueue:start", "enqueue:end", idle=True),
    )
    return judged(measures, invalid, correctness(told, cell.spec.guarantee, faulted=False))


def _share(cell: StoredCell, book: ledger.Ledger, cores: int) -> list[Measure]:
    most, reached = ceiling(cell.spec.case, cell.spec.slots, cores), throughput(cell, book)
    if most is None:
        return []
    share = None if reached.value is None else 100 * reached.value / most
    return [Measure("ceiling_share", share, reached.verdict, reached.reason)]


def _memory(cell: StoredCell, book: ledger.Ledger) -> list[Measure]:
    workers, told = peak(cell, "worker_pss", ("drain",)), why_no_server(cell)
    grown = delta(cell, "broker_memory", "enqueue:start", "enqueue:end")
    queued = int(book.measured().sum())
    return [
        measure_or("worker_memory_peak_bytes", workers, "no sample"),
        measure_or(
            "worker_memory_per_slot_bytes",
            None if workers is None else workers / cell.spec.slots,
            "no sample",
        ),
        measure_or(
            "broker_memory_peak_bytes", peak(cell, "broker_memory", ("enqueue", "drain")), *told
        ),
        measure_or("broker_bytes_per_task", None if grown is None else grown / queued, *told),
    ]
