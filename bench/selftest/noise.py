"""9: the same arm against itself: spread of this machine, false alarms, smallest visible change."""

from collections.abc import Callable

import numpy as np
from scipy.stats import chi2

from bench.analysis import stats
from bench.model.arm import twin
from bench.model.metric import METRICS
from bench.record.store import Run
from bench.selftest.expectations import NoFigure, SelftestLine, asked, unmeasured, within
from bench.selftest.synthetic_runs import EXCUSES, SLOTS, Session, fastest, unfit

TASKS = 20_000  # of the fastest arm: less than a second of drain scatters by 18 % from pair to pair
WANTED = (
    "throughput",
    "enqueue_rate",
    "worker_memory_peak_bytes",
    "worker_cpu_ms_per_task",
    "broker_cpu_us_per_task",
)
SOON = (3, 5, 10)
WIDEST = 30.0  # with more than this, five blocks show nothing smaller than a half


def same_twice(blocks: int) -> Callable[[Session, bool, list[SelftestLine]], None]:
    """The check for so many blocks."""

    def check(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
        with asked(lines, 9, "an arm against itself"):
            arm = fastest(session)
            run = session.run(
                "noise",
                "burst",
                [arm.name, twin(arm).name],
                ["-"],
                tasks=TASKS,
                blocks=blocks,
                workers=SLOTS,
                answers=EXCUSES,  # blocks that are unfit are left out of the pairs
            )
            lines += _spreads(run)

    return check


def _spreads(run: Run) -> list[SelftestLine]:
    measures, lines, words = run.measures, list[SelftestLine](), list[str]()
    for metric in WANTED:
        rows = measures[(measures["metric"] == metric) & (measures["verdict"] == "ok")]
        pairs = rows.pivot_table(
            index="block", columns="arm", values="value", aggfunc="last"
        ).dropna()
        if len(pairs) < stats.MIN_BLOCKS or len(pairs.columns) < 2:
            if why := unfit(run):
                what = f"{METRICS[metric].label}: fewer than {stats.MIN_BLOCKS} pairs"
                lines.append(unmeasured(9, what, why))
            continue
        base, head = (pairs[column].tolist() for column in pairs.columns)
        ratio = stats.paired(base, head).ratio()
        words.append(stats.classify(ratio, METRICS[metric].tie_zone, METRICS[metric].better))
        lines.append(_line(metric, stats.log_ratio_sd(base, head), len(base), ratio.ratio))
    if not words and not lines:
        raise NoFigure(f"no measure has {stats.MIN_BLOCKS} pairs")
    if words:
        alarms = sum(word not in ("tie", "unclear") for word in words)
        what = f"false alarms among {len(words)} comparisons of an arm with itself"
        where = "bench/analysis/stats.py, or a machine that drifts within a block"
        lines.append(within(9, what, alarms, 0, 1, "", where))
    return lines


def _line(metric: str, spread: float, blocks: int, ratio: float) -> SelftestLine:
    """The spread with its own uncertainty.

    s²·(n - 1)/σ² is distributed as χ² with n - 1 degrees of freedom.
    """
    low, high = (spread * np.sqrt((blocks - 1) / chi2.ppf(q, blocks - 1)) for q in (0.975, 0.025))
    smallest = ", ".join(
        f"{n} blocks {100 * (stats.smallest_detectable(spread, n) or 0.0):.1f} %" for n in SOON
    )
    what = (
        f"{METRICS[metric].label}, {blocks} pairs, ratio {ratio:.3f}: "
        f"smallest change found 9 times in 10: {smallest}; "
        f"spread {100 * low:.1f} to {100 * high:.1f} %"
    )
    return within(9, what, 100 * spread, 0.0, WIDEST, "% from pair to pair", "a busy machine")
