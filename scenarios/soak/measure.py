"""soak, stored: the figures of a cell, from its files alone."""

import numpy as np

from bench.measure import validity
from bench.measure.drain import NOT_TOLD, why_no_server
from bench.measure.figures import (
    correctness,
    delta,
    fate_measures,
    fates_of,
    first_problem,
    judged,
    measure_or,
)
from bench.measure.latencies import percentiles
from bench.measure.order_statistics import slope
from bench.model.metric import Measure, Verdict
from bench.record import ledger
from bench.record.store import StoredCell


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """Growth from the samples, latency from the tasks that are kept."""
    book = ledger.load(cell)
    told = fates_of(cell, book)
    marks = cell.log.marks
    rate, kept = float(marks["rate"]), float(cell.log.kept_every)
    latencies = [
        m
        for m in percentiles(cell, book, rate / kept, int(marks["warm_until_ns"]))
        if m.metric.startswith("latency_p") and "sent" not in m.metric
    ]
    counts = fate_measures(told)
    counts = [
        Measure(m.metric, (m.value or 0.0) + float(cell.log.left_out))
        if m.metric == "finished"
        else m
        for m in counts
    ]
    measures = [
        Measure("load_rate", rate),
        *_growth(cell, "worker_pss", "worker"),
        *_growth(cell, "broker_memory", "broker"),
        *latencies,
        *_idle(cell),
    ]
    invalid = first_problem(
        lambda: validity.events(cell, book),
        lambda: validity.count(cell, book, "steady:start", "drained"),
        lambda: validity.machine(cell, ("idle", "steady"), cores),
        lambda: validity.generator(cell, book),
    )
    return judged(
        [*measures, *counts], invalid, correctness(told, cell.spec.guarantee, faulted=False)
    )


def _growth(cell: StoredCell, column: str, whose: str) -> list[Measure]:
    """The slope after the warm-up, told per 1,000 tasks of the load and per hour; the interval
    stands in the reason."""
    names = (f"{whose}_growth_bytes_per_1000", f"{whose}_growth_bytes_per_hour")
    samples, marks = cell.samples, cell.log.marks
    ours = samples[
        (samples["ns"] >= int(marks["warm_until_ns"]))
        & (samples["ns"] <= int(marks["steady_end_ns"]))
    ]
    values = ours[column].to_numpy(dtype=float)
    if not len(values) or np.isnan(values).all():
        why: tuple[str, Verdict] = ("no sample", "unavailable")
        if whose == "broker":
            why = why_no_server(cell)
        return [measure_or(name, None, *why) for name in names]
    found = slope(ours["ns"].to_numpy(dtype=float) / 1e9, values)
    if found is None:
        return [
            Measure(name, None, "withheld", "too few samples for a slope: let it last longer")
            for name in names
        ]
    per = dict(zip(names, (1000 / float(marks["rate"]), 3600.0), strict=True))
    return [
        Measure(
            name, found.per_s * by, "ok", f"95 %: {found.low * by:,.0f} to {found.high * by:,.0f}"
        )
        for name, by in per.items()
    ]


def _idle(cell: StoredCell) -> list[Measure]:
    """CPU and commands of workers that have nothing to do, per second."""
    ns = delta(cell, "ns", "idle:start", "idle:end") or 0.0
    cpu, commands = (
        delta(cell, "worker_cpu_s", "idle:start", "idle:end"),
        delta(cell, "broker_commands", "idle:start", "idle:end"),
    )
    return [
        measure_or(
            "idle_worker_cpu_ms_per_s",
            cpu / ns * 1e12 if cpu is not None and ns else None,
            "no sample",
        ),
        measure_or(
            "idle_commands_per_s",
            commands / ns * 1e9 if commands is not None and ns else None,
            NOT_TOLD,
        ),
    ]
