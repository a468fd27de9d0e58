"""8: up to which rate the load generator can be believed; it is not blamed for a slow call."""

import numpy as np

from bench.measure import validity
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.selftest.expectations import SelftestLine, Unmeasured, asked, same, within
from bench.selftest.synthetic_runs import Session, arm, cells, newest_row, value

RATES = (250, 500, 1000, 2000, 4000, 8000, 16000)
MUST_HOLD = 1000
STALL_S = 0.5
WHERE = "bench/inprocess/generator.py, or a busy machine"


def rising(session: Session, quick: bool) -> list[SelftestLine]:
    """The floor at rising rates, one generator, until its verdict is no longer ok."""
    lines: list[SelftestLine] = []
    with asked(lines, 8, "one generator on the floor, at rising rates"):
        lines.append(_rising(session))
    return lines


def _rising(session: Session) -> SelftestLine:
    held, lags, ended = 0, [], "at none of them"
    for rate in RATES:
        case, name = f"rate={rate}", f"generator-{rate}"
        try:
            # That the generator is late is what is looked for, and not the machine's fault.
            tasks, late = rate * 10, ("generator",)
            run = session.run(name, "latency", ["floor"], [case], tasks=tasks, answers=late)
        except Unmeasured as error:
            if held < MUST_HOLD:
                raise
            ended = f"is not known beyond {held}/s: {str(error)[:70]}"
            break
        lags.append(f"{rate}/s {_lag_p99_ms(ledger.load(cells(run)[-1])):.2f} ms")
        row = newest_row(run, "latency_p99_ms")
        if row["verdict"] != "ok":
            ended = f"at {rate}/s: {row['verdict']}, {str(row['reason'])[:70]}"
            break
        held = rate
    what = (
        f"one generator on the floor, wake lag P99 {', '.join(lags)}; "
        f"the verdict is no longer ok {ended}; the highest rate that held"
    )
    return within(8, what, held, MUST_HOLD, RATES[-1], "tasks/s", WHERE)


def _lag_p99_ms(book: Ledger) -> float:
    return float(np.quantile(validity.wake_lag_ns(book, 1)[book.measured()], 0.99)) / 1e6


def slow_call(session: Session, quick: bool) -> list[SelftestLine]:
    """One enqueue call of 0.5 s: the delay stays in the latency, and the cell stays valid."""
    lines: list[SelftestLine] = []
    what = f"an enqueue call of {STALL_S} s under 200/s: P99 from the due time"
    with asked(lines, 8, what):
        name = arm(stall_call=[500, STALL_S])
        blamed = ("generator",)  # what must not happen
        run = session.run("slow-call", "latency", [name], ["rate=200"], tasks=2000, answers=blamed)
        row = newest_row(run, "latency_p99_ms")
        valid = "a cell with a slow enqueue call is valid"
        lines.append(same(8, valid, row["verdict"], "ok", "bench/measure/validity.py"))
        low, high = (STALL_S - 0.01 * 2000 / 200) * 1e3 - 60, STALL_S * 1e3 + 50
        lines.append(within(8, what, value(run, "latency_p99_ms"), low, high, "ms", WHERE))
    return lines
