"""3: waiting times against queueing theory. 4: a stall is not forgotten.

Theory: one server, Poisson arrivals of rate λ, ρ = λ·S.
M/D/1, mean wait: ρ·S / (2·(1 - ρ)), the Pollaczek–Khinchine formula with constant service
(Kleinrock, Queueing Systems, vol. 1, 1975, chapter 5.6).
M/M/1, tail of the wait: P(W > t) = ρ·exp(-(1 - ρ)·t/S) (the same, chapter 3.2), so that its P99 is
S/(1 - ρ)·ln(100·ρ).
Waits of neighbours resemble each other, so no textbook interval fits: the band comes from replays
of the same queue with as many tasks.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.measure.latencies import latency_ms
from bench.measure.order_statistics import percentile
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.record.store import Run
from bench.selftest.expectations import SelftestLine, asked, within
from bench.selftest.synthetic_runs import Session, arm, cells, newest_row, value

SERVICE_MS = 5.0
LOADS = (0.5, 0.7, 0.9)
REPLAYS = 4000
TAIL = 0.0005  # on each side: a band of 99.9 %
STALL_S = 1.4
WHERE = "a busy machine, or the stamps of the load generator and of the task body"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slot:
    """One slot as it was measured, in ms: how long it is busy with a task, hand-over included, and
    how late an idle one begins."""

    busy_ms: float
    transit_ms: float


def waits_ms(gaps_ms: Floats, service_ms: Floats) -> Floats:
    """Lindley's recursion: the wait of each task; the first of each replay finds an empty queue.

    All arrays have the shape (replays, tasks).
    """
    steps = np.pad(np.cumsum(service_ms[:, :-1] - gaps_ms[:, 1:], axis=1), ((0, 0), (1, 0)))
    waits: Floats = steps - np.minimum.accumulate(steps, axis=1)
    return waits


def band(
    load: float, busy_ms: float, tasks: int, exponential: bool, p99: bool
) -> tuple[float, float]:
    """Where the mean (or the P99) of the waits of so many tasks lies in 99.9 % of replays, in ms.

    The warm-up is left out.
    """
    rng, warm, figures = np.random.default_rng(1), 1000, []
    for _ in range(REPLAYS // 100):
        shape = (100, tasks + warm)
        service = busy_ms * (rng.standard_exponential(shape) if exponential else np.ones(shape))
        waits = waits_ms(rng.standard_exponential(shape) * busy_ms / load, service)[:, warm:]
        figures.append(np.quantile(waits, 0.99, axis=1) if p99 else waits.mean(axis=1))
    low, high = np.quantile(np.concatenate(figures), (TAIL, 1 - TAIL))
    return float(low), float(high)


def slot_of(book: Ledger, service_ms: float | None) -> Slot:
    """From the runs: the mean time from start to start where the next task was waiting already, and
    the median delay where the slot was idle."""
    ours = book.measured() & (book.first_start() >= 0)
    due, started = book.due[ours], book.first_start()[ours]
    order = np.argsort(started)
    due, started = due[order], started[order]
    between = np.diff(started) / 1e6
    waited = due[1:] < started[:-1]  # it was there before its predecessor began
    busy = float(between[waited].mean())
    idle = (started[1:] - due[1:])[np.r_[between > 3 * (service_ms or busy)]] / 1e6
    return Slot(busy, float(np.median(idle)) if len(idle) else 0.0)


def theory(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """Constant service at three loads, and the tail of an exponential one."""
    with asked(lines, 3, "how long a slot is busy with a task"):
        back_to_back = session.run("busy", "burst", [arm(service_ms=SERVICE_MS)], ["-"], tasks=1000)
        capacity = value(back_to_back, "throughput")
        for load in LOADS:
            with asked(lines, 3, f"M/D/1 at load {load}: mean wait"):
                lines.append(_against_theory(session, f"md1-{load}", round(load * capacity), False))
        with asked(lines, 3, "M/M/1 at load 0.7: P99 of the wait"):
            lines.append(_against_theory(session, "mm1", round(0.7 * capacity), True))


def _against_theory(session: Session, folder: str, rate: float, exponential: bool) -> SelftestLine:
    """The mean wait of a constant service, or the P99 of an exponential one."""
    constant, drawn = arm(service_ms=SERVICE_MS), arm(service_ms=SERVICE_MS, exponential=True)
    arms = [drawn if exponential else constant]
    run = session.run(folder, "latency", arms, [f"rate={rate:g}"], size="full")
    book = ledger.load(cells(run)[-1])
    slot, ours = slot_of(book, None if exponential else SERVICE_MS), book.measured()
    load, late = rate * slot.busy_ms / 1e3, slot.transit_ms
    low, high = band(load, slot.busy_ms, int(ours.sum()), exponential, p99=exponential)
    waits = (book.first_start() - book.due)[ours] / 1e6
    if exponential:
        measured_ms = percentile(waits, 99.0)
        formula = slot.busy_ms / (1 - load) * math.log(100 * load) + late
        what = (
            f"M/M/1, {rate:g}/s of {slot.busy_ms:.2f} ms on average: P99 of the wait, "
            f"{formula:.1f} ms by the formula"
        )
    else:
        measured_ms = float(waits.mean())
        formula = load * slot.busy_ms / (2 * (1 - load)) + late
        what = (
            f"M/D/1, {rate:g}/s of {slot.busy_ms:.2f} ms (load {load:.2f}): mean wait, "
            f"{formula:.2f} ms by Pollaczek–Khinchine"
        )
    return within(3, what, measured_ms, low + late, high + late, "ms", WHERE)


def stall(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """A worker that stands still for 1.4 s under 1,000 tasks/s."""
    # The stall ends after 5.4 s; what a quick look leaves out is warm-up, and calm after it.
    seconds, size = (8, "gate") if quick else (30, "full")
    what = (
        f"a stall of {STALL_S} s under 1,000/s for {seconds} s: the task at P99, from its due time"
    )
    with asked(lines, 4, what):
        name, tasks = arm(stall_worker=[4.0, 4.0 + STALL_S], batch=20), 1000 * seconds
        run = session.run("stall", "latency", [name], ["rate=1000"], tasks=tasks, size=size)
        lines.append(_withheld(run))
        book = ledger.load(cells(run)[-1])
        honest = percentile(latency_ms(book, book.measured(), book.due), 99.0)
        naive = closed_loop_p99_ms(book)
        # Of n tasks per second the worst 1 % are the first of the stall:
        # it is seen but for that many of its tasks.
        expected = STALL_S * 1e3 - 0.01 * seconds * 1e3
        lines.append(within(4, what, honest, expected - 25, STALL_S * 1e3 + 150, "ms", WHERE))
        what = f"what a client that waits for each answer would have printed: {naive:.2f} ms; ratio"
        lines.append(within(4, what, honest / naive, 100, math.inf, "times", WHERE))


def _withheld(run: Run) -> SelftestLine:
    """One stall is one observation: no P99 is made of it."""
    row = newest_row(run, "latency_p99_ms")
    verdict, reason = str(row["verdict"]), str(row["reason"])
    return SelftestLine(
        4,
        "what the same cell gives as its P99",
        "withheld, one spell",
        f"{verdict}, {reason[:80]}",
        verdict == "withheld" and "one spell" in reason,
        "bench/measure/spells.py",
    )


def closed_loop_p99_ms(book: Ledger) -> float:
    """P99 in ms of a client that sends its next task only when the last has finished.

    It meets the stall once, whatever the stall costs the others.
    """
    ours = book.measured()
    sent, finish = book.sent[ours], book.first_finish()[ours]
    latencies, free = [], 0
    for at in np.argsort(sent):
        if sent[at] >= free:
            latencies.append(finish[at] - sent[at])
            free = int(finish[at])
    return float(np.quantile(np.array(latencies), 0.99)) / 1e6
