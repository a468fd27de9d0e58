"""burst, stored: the figures of a cell, from its files alone."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.measure import validity
from bench.measure.drain import (
    broker_spent,
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
from scenarios.burst import backlog_of, hosts_of


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """Rates from stamps, memory and counters from the samples at the edges."""
    book = ledger.load(cell)
    if cell.spec.case == "bulk":
        return _bulk(cell, book, cores)
    if backlog_of(cell.spec.case):
        return _backlog(cell, book, cores)
    told = fates_of(cell, book)
    measures = [
        *_rates(cell, book),
        *_memory(cell, book),
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


def _bulk(cell: StoredCell, book: ledger.Ledger, cores: int) -> list[Measure]:
    queued = None if cell.held is None else len(cell.held)
    tasks = int(cell.spec.params["tasks"])
    short = (
        f"count: the broker holds {queued} of {tasks} tasks" if queued not in (None, tasks) else ""
    )
    unfit = first_problem(
        lambda: validity.events(cell, book, all_sent=True),
        lambda: validity.machine(cell, ("enqueue",), cores),
    )
    return judged([Measure("bulk_enqueue_rate", enqueue_rate(cell, book))], short or unfit, "")


def _backlog(cell: StoredCell, book: ledger.Ledger, cores: int) -> list[Measure]:
    """A backlog that time cut short is another one than its case says."""
    verdict, reason = capped(cell)
    measures = [
        replace(each, verdict=verdict, reason=reason) if each.verdict == "ok" else each
        for each in _broker_memory(cell, book, ("enqueue",))
    ]
    unfit = first_problem(
        lambda: validity.events(cell, book, all_sent=True),
        lambda: validity.machine(cell, ("enqueue",), cores),
        lambda: validity.count(cell, book, "enqueue:start", "enqueue:end", idle=True),
    )
    return judged(measures, unfit, "")


def _rates(cell: StoredCell, book: ledger.Ledger) -> list[Measure]:
    start_ns, end_ns = cell.phase("drain")
    finished = book.first_finish()[book.measured()]
    verdict, reason = capped(cell)
    drained = ((end_ns if verdict == "beyond" else int(finished.max())) - start_ns) / 1e9
    scaled = one_machine(cell) if hosts_of(cell.spec.case) else ""
    speed = Measure("throughput", None, "withheld", scaled) if scaled else throughput(cell, book)
    return [
        speed,
        Measure("enqueue_rate", enqueue_rate(cell, book)),
        Measure("boot_s", float(cell.log.marks["boot_s"])),
        Measure("drain_s", drained, verdict, reason),
    ]


def one_machine(cell: StoredCell) -> str:
    """Why nothing can be said of how a system scales; empty where something can."""
    boots = {each.boot for each in cell.log.hosts.values()}
    return "one machine plays all hosts: they share its cores" if len(boots) == 1 else ""


def _memory(cell: StoredCell, book: ledger.Ledger) -> list[Measure]:
    return [
        measure_or("worker_memory_idle_bytes", at(cell, "worker_pss", "idle"), "no sample"),
        measure_or("worker_memory_peak_bytes", peak(cell, "worker_pss", ("drain",)), "no sample"),
        measure_or("worker_memory_after_bytes", at(cell, "worker_pss", "after"), "no sample"),
        *_broker_memory(cell, book, ("enqueue", "drain")),
    ]


def _broker_memory(cell: StoredCell, book: ledger.Ledger, phases: Sequence[str]) -> list[Measure]:
    """The peak over these phases, and what it grew by for each task that was put on the queue."""
    accepted = int((book.measured() & (book.enqueue == ledger.ACCEPTED)).sum())
    queued = accepted + cell.log.left_out or 1
    grown = delta(cell, "broker_memory", "enqueue:start", "enqueue:end")
    told = why_no_server(cell)
    return [
        measure_or("broker_memory_peak_bytes", peak(cell, "broker_memory", phases), *told),
        measure_or("broker_bytes_per_task", None if grown is None else grown / queued, *told),
    ]


def _cost(cell: StoredCell, book: ledger.Ledger) -> list[Measure]:
    finished = int((book.first_finish()[book.measured()] >= 0).sum()) + cell.log.left_out or 1
    cpu_s, commands = broker_spent(cell, book)
    return [
        worker_cpu(cell, book),
        measure_or(
            "broker_cpu_us_per_task",
            None if math.isnan(cpu_s) else cpu_s / finished * 1e6,
            *why_no_server(cell),
        ),
        measure_or(
            "broker_commands_per_task",
            None if math.isnan(commands) else commands / finished,
            *why_no_commands(cell),
        ),
    ]


def _imports(book: ledger.Ledger) -> list[Measure]:
    ours = (book.run_task >= 0) & (book.import_us > 0)
    if not ours.any():
        return not_offered(
            ["task_import_ms"], "the task module is imported once, before the workers are ready"
        )
    return [Measure("task_import_ms", float(np.median(book.import_us[ours])) / 1e3)]
