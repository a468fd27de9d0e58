"""8: up to which rate the load generator can be believed; it is not blamed for a slow call."""

import numpy as np

from bench.measure import validity
from bench.measure.latencies import latency_ms
from bench.measure.order_statistics import percentile
from bench.record import ledger
from bench.selftest.expectations import SelftestLine, Unmeasured, asked, same, within
from bench.selftest.synthetic_runs import Session, arm, cells, newest_row

RATES = (250, 500, 1000, 2000, 4000, 8000, 16000)
MUST_HOLD = 1000
STALL_S, SECONDS = 0.5, 10
LASTING = {"at_least_s": SECONDS, "at_most_s": SECONDS}
FIT = ("ok", "withheld")  # these seconds need not carry the percentile
WHERE = "bench/inprocess/generator.py, or a busy machine"


def rising(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """The floor at rising rates, one generator, until its verdict is no longer ok."""
    held, lags, ended = 0, [], "at none of them"
    with asked(lines, 8, "one generator on the floor, at rising rates"):
        for rate in RATES:
            late = ("generator",)  # what is looked for, and not the machine's fault
            try:
                run = session.run(
                    f"generator-{rate}",
                    "latency",
                    ["floor"],
                    [f"rate={rate}"],
                    params=LASTING,
                    answers=late,
                )
            except Unmeasured as error:
                if held < MUST_HOLD:
                    raise
                ended = f"is not known beyond {held}/s: {str(error)[:70]}"
                break
            book = ledger.load(cells(run)[-1])
            lag_ns = np.quantile(validity.wake_lag_ns(book, 1)[book.measured()], 0.99)
            lags.append(f"{rate}/s {lag_ns / 1e6:.2f} ms")
            row = newest_row(run, "latency_p99_ms")
            if row["verdict"] not in FIT:
                ended = f"at {rate}/s: {row['verdict']}, {str(row['reason'])[:70]}"
                break
            held = rate
        what = (
            f"one generator on the floor, wake lag P99 {', '.join(lags)}; "
            f"the verdict is no longer ok {ended}; the highest rate that held"
        )
        lines.append(within(8, what, held, MUST_HOLD, RATES[-1], "tasks/s", WHERE))


def slow_call(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """One enqueue call of 0.5 s: the delay stays in the latency, and the cell stays valid."""
    what = f"an enqueue call of {STALL_S} s under 200/s: the task at P99, from its due time"
    with asked(lines, 8, what):
        name = arm(stall_call=[500, STALL_S])
        blamed = ("generator",)  # what must not happen
        run = session.run(
            "slow-call", "latency", [name], ["rate=200"], params=LASTING, answers=blamed
        )
        row = newest_row(run, "latency_p99_ms")
        valid = "a cell with a slow enqueue call is valid"
        lines.append(same(8, valid, row["verdict"] in FIT, True, "bench/measure/validity.py"))
        book = ledger.load(cells(run)[-1])
        found_ms = percentile(latency_ms(book, book.measured(), book.due), 99.0)
        low, high = (STALL_S - 0.01 * SECONDS) * 1e3 - 60, STALL_S * 1e3 + 50
        lines.append(within(8, what, found_ms, low, high, "ms", WHERE))
