"""1: planted losses, doubles and strangers are found by id. 2: a known capacity is measured.

Both go through the burst and latency scenarios.
"""

from bench.measure.figures import fates_of
from bench.record import ledger
from bench.selftest.expectations import SelftestLine, asked, same, within
from bench.selftest.synthetic_runs import Session, arm, cells, newest_row, value

TASKS = 100_000
LOSE, DOUBLE, UNEXPECTED = [17, 31_415, 99_999], [0, 27_182], [1_000_003]
RATES = ((200.0, 0.01), (1000.0, 0.01), (5000.0, 0.03))


def planted(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """Three losses, two doubles, a stranger, out-of-order delivery, in 100,000 tasks."""
    name = arm(
        lose=LOSE,
        double=DOUBLE,
        unexpected=UNEXPECTED,
        batch=100,
        shuffle=True,
        fire_and_forget=True,
    )
    run = session.run("counting", "burst", [name], ["-"], tasks=TASKS, workers=2)
    cell = cells(run)[-1]
    ids_by_fate = fates_of(cell, ledger.load(cell)).by_name
    where = "bench/record/ledger.py and bench/record/fates.py: the instrument miscounts"
    finished, rest = len(ids_by_fate["finished"]), TASKS - len(LOSE) - len(DOUBLE)
    lines += [
        *(
            same(
                1,
                f"{what} among {TASKS:,} tasks, by id",
                sorted(ids_by_fate[fate].tolist()),
                sorted(ids),
                where,
            )
            for what, fate, ids in (
                ("lost tasks", "lost", LOSE),
                ("doubled tasks", "doubled", DOUBLE),
                ("strangers", "unexpected", UNEXPECTED),
            )
        ),
        same(1, "all other tasks are finished", finished, rest, where),
        same(
            1,
            "a cell with losses gives no speed",
            newest_row(run, "throughput")["verdict"],
            "wrong",
            "bench/measure/figures.py, judged",
        ),
    ]


def rates(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """Slots that begin a known number of tasks per second."""
    where = "a busy machine, or scenarios/latency"
    for rate, band in RATES[1:2] if quick else RATES:
        what = f"a capacity of {rate:,.0f} tasks/s"
        with asked(lines, 2, what):
            run = session.run(
                f"rate-{rate:.0f}",
                "latency",
                [arm(capacity=rate, batch=20, fire_and_forget=True)],
                ["capacity"],
                size="gate" if quick else "quick",  # as long a look after a shorter warm-up
            )
            low, high = rate * (1 - band), rate * (1 + band)
            lines.append(within(2, what, value(run, "capacity"), low, high, "tasks/s", where))
