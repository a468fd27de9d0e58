"""burst, stored: the figures of a cell, from its files alone."""

import numpy as np

from bench.measure import validity
from bench.measure.drain import (
    capped,
    enqueue_rate,
    throughput,
    why_no_commands,
    why_no_server,
    worker_cpu,
)
from bench.measure.figures import (
    at,
    correctness,
    delta,
    fate_measures,
    fates_of,
    first_problem,
    judged,
    measure_or,
    not_offered,
    peak,
)
from bench.model.metric import Measure
from bench.record import ledger
from bench.record.store import StoredCell


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """Rates from stamps, memory and counters from the samples at the edges."""
    book = ledger.load(cell)
    if cell.spec.case == "bulk":
        queued = None if cell.held is None else len(cell.held)
        tasks = int(cell.spec.params["tasks"])
        short = (
            f"count: the broker holds {queued} of {tasks} tasks"
            if queued not in (None, tasks)
            else ""
        )
        unfit = first_problem(
            lambda: validity.events(cell, book, all_sent=True),
            lambda: validity.machine(cell, ("enqueue",), cores),
        )
        return judged([Measure("bulk_enqueue_rate", enqueue_rate(book))], short or unfit, "")
    told = fates_of(cell, book)
    measures = [
        *_rates(cell, book),
        *_memory(cell),
        *_cost(cell, book),
        *_imports(book),
        *fate_measures(told),
    ]
    invalid = first_problem(
        lambda: validity.events(cell, book, all_sent=True),
        lambda: validity.machine(cell, ("enqueue", "drain"), cores),
        lambda: validity.throttled(cell, ("boot",)),
        lambda: validity.count(cell, book, "enqueue:start", "enqueue:end", idle=True),
    )
    return judged(measures, invalid, correctness(told, cell.spec.guarantee, faulted=False))


def _rates(cell: StoredCell, book: ledger.Ledger) -> list[Measure]:
    start_ns, end_ns = cell.phase("drain")
    finished = book.first_finish()[book.measured()]
    verdict, reason = capped(cell)
    drained = ((end_ns if verdict == "beyond" else int(finished.max())) - start_ns) / 1e9
    return [
        throughput(cell, book),
        Measure("enqueue_rate", enqueue_rate(book)),
        Measure("boot_s", float(cell.log.marks["boot_s"])),
        Measure("drain_s", drained, verdict, reason),
    ]


def _memory(cell: StoredCell) -> list[Measure]:
    tasks = int(cell.spec.params["tasks"])
    grown = delta(cell, "broker_memory", "enqueue:start", "enqueue:end")
    told = why_no_server(cell)
    return [
        measure_or("worker_memory_idle_bytes", at(cell, "worker_pss", "idle"), "no sample"),
        measure_or("worker_memory_peak_bytes", peak(cell, "worker_pss", ("drain",)), "no sample"),
        measure_or("worker_memory_after_bytes", at(cell, "worker_pss", "after"), "no sample"),
        measure_or(
            "broker_memory_peak_bytes", peak(cell, "broker_memory", ("enqueue", "drain")), *told
        ),
        measure_or("broker_bytes_per_task", None if grown is None else grown / tasks, *told),
    ]


def _cost(cell: StoredCell, book: ledger.Ledger) -> list[Measure]:
    finished = int((book.first_finish()[book.measured()] >= 0).sum()) or 1
    cpu_s, commands = (_spent(cell, column) for column in ("broker_cpu_s", "broker_commands"))
    return [
        worker_cpu(cell, book),
        measure_or(
            "broker_cpu_us_per_task",
            None if cpu_s is None else cpu_s / finished * 1e6,
            *why_no_server(cell),
        ),
        measure_or(
            "broker_commands_per_task",
            None if commands is None else commands / finished,
            *why_no_commands(cell),
        ),
    ]


def _spent(cell: StoredCell, column: str) -> float | None:
    """What a counter of the broker grew by while the queue was filled and drained, less what idle
    workers and our own questions cost.

    Only the drain is corrected: no worker runs while the queue is filled.
    """
    grown = [
        delta(cell, column, f"{phase}:start", f"{phase}:end") for phase in ("enqueue", "drain")
    ]
    idle, idle_ns = delta(cell, column, "settling", "idle"), delta(cell, "ns", "settling", "idle")
    if grown[0] is None or grown[1] is None or idle is None or not idle_ns:
        return None
    start, end = cell.phase("drain")
    return max(grown[0] + grown[1] - idle / idle_ns * (end - start), 0.0)


def _imports(book: ledger.Ledger) -> list[Measure]:
    ours = (book.run_task >= 0) & (book.import_us > 0)
    if not ours.any():
        return not_offered(
            ["task_import_ms"], "the task module is imported once, before the workers are ready"
        )
    return [Measure("task_import_ms", float(np.median(book.import_us[ours])) / 1e3)]
