"""`python -m tests.block_simulation`: what the intervals of arm + block cover, and what they find.

Prints the tables of decision 38; the tests hold its figures to what comes out here.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.analysis.block_model import dunnett_level, residual_df, residual_error, tukey_level

Floats = npt.NDArray[np.float64]
Fit = tuple[Floats, Floats, int]  # of the arms, the error of each pair, degrees of freedom
Pairs = tuple[npt.NDArray[np.intp], ...]  # the one and the other arm of each
Repeats = Sequence[tuple[float, int]]

ROUNDS = 20_000
ALPHA = 0.05
ARMS, BLOCKS = (3, 5, 7), (3, 5, 10)
CONDITIONS = ("equal", "one arm 1.5", "one arm 2", "one arm 3", "from 1 to 3", "t(3)", "a gap")
# Seven arms in three blocks: two of them apart by 1.8, a spread of 8.5 % left in each cell.
REFEREED = (7, 3, 1.8)
SPREAD = 0.085
CONTESTS = (REFEREED, (7, 5, 1.2), (7, 10, 1.1), (5, 3, 1.8), (5, 5, 1.2), (3, 3, 1.8), (3, 5, 1.2))

# Standard deviations of the logarithms in per cent, and over how many repeats: of celery/default,
# huey/default, rq/default and floor/default in the quick runs that results/carried held in
# commit 09d70ca. Fewer systems where one had no number.
REPEATS: Mapping[str, Repeats] = {
    "throughput": ((3.44, 8), (2.99, 9), (10.07, 6), (11.51, 6)),
    "enqueue_rate": ((2.96, 8), (5.47, 9), (1.97, 6), (10.61, 6)),
    "boot_s": ((1.60, 8), (2.56, 9), (2.06, 6), (5.37, 6)),
    "drain_s": ((2.41, 8), (4.11, 9), (9.56, 6), (6.43, 6)),
    "capacity": ((4.04, 8), (3.80, 8), (5.63, 6), (18.53, 6)),
    "latency_p50_ms": ((6.72, 8), (3.93, 8), (4.07, 6), (15.20, 6)),
    "latency_p90_ms": ((8.66, 8), (6.65, 8), (4.78, 6), (23.50, 6)),
    "latency_p99_ms": ((14.47, 8), (16.63, 8), (89.29, 6)),
    "service_p99_ms": ((14.05, 8), (26.61, 8), (21.05, 6)),
    "worker_memory_idle_bytes": ((0.09, 8), (0.18, 9), (0.09, 6), (0.26, 6)),
    "worker_memory_peak_bytes": ((0.15, 8), (0.15, 9), (4.84, 6), (0.27, 6)),
    "worker_memory_after_bytes": ((0.15, 8), (0.15, 9), (0.06, 6), (0.27, 6)),
    "broker_memory_peak_bytes": ((0.69, 8), (0.32, 9), (0.07, 6), (1.84, 6)),
    "worker_cpu_ms_per_task": ((1.88, 8), (4.18, 9), (4.09, 6)),
    "broker_cpu_us_per_task": ((6.37, 8), (4.59, 9), (2.24, 6), (3.55, 6)),
}


def chance(repeats: Repeats) -> float:
    """P of so large a ratio of the largest to the smallest variance where all are equal.

    Hartley 1950, by simulation, since the repeats are not of one number.
    """
    rng = np.random.default_rng(0)
    drawn = [rng.chisquare(count - 1, 5 * ROUNDS) / (count - 1) for _, count in repeats]
    ratios = np.max(drawn, axis=0) / np.min(drawn, axis=0)
    return float(np.mean(ratios >= widest(repeats) ** 2))


def widest(repeats: Repeats) -> float:
    """The largest spread divided by the smallest."""
    spreads = [spread for spread, _ in repeats]
    return max(spreads) / min(spreads)


def spreads(condition: str, arms: int) -> Floats:
    """Of each arm; the first is the odd one, and the base of the pairs against one."""
    if condition == "from 1 to 3":
        return np.linspace(1, 3, arms)
    odd = float(condition.removeprefix("one arm ")) if condition.startswith("one arm") else 1.0
    return np.array([odd] + [1.0] * (arms - 1))


def cells(condition: str, arms: int, blocks: int) -> tuple[Floats, Floats]:
    """(rounds, arms, blocks) logarithms and the (arms,) truth; blocks differ by far more."""
    rng = np.random.default_rng([arms, blocks])
    shape = (ROUNDS, arms, blocks)
    noise = rng.standard_t(3, shape) if condition == "t(3)" else rng.standard_normal(shape)
    truth = np.log1p(np.arange(arms))
    machine = rng.normal(0, 10, (ROUNDS, 1, blocks))
    return noise * spreads(condition, arms)[:, None] + truth[:, None] + machine, truth


def complete(logs: Floats, pairs: Pairs) -> Fit:
    """As the product does it."""
    errors = np.broadcast_to(residual_error(logs)[:, None], (len(logs), len(pairs[0])))
    return logs.mean(axis=-1), errors, residual_df(*logs.shape[1:])


def with_a_gap(logs: Floats, pairs: Pairs) -> Fit:
    """By least squares without the first cell of the first arm (Tukey and Kramer)."""
    arms, blocks = logs.shape[1:]
    arm, block = np.divmod(np.arange(1, arms * blocks), blocks)
    design = np.hstack([np.eye(arms)[arm], np.eye(blocks)[block][:, 1:]])
    numbers = logs.reshape(len(logs), -1)[:, 1:]
    solve = np.linalg.pinv(design)
    fitted = numbers @ solve.T
    df = residual_df(arms, blocks) - 1
    left = np.sqrt(((numbers - fitted @ design.T) ** 2).sum(axis=-1) / df)
    scale = (solve @ solve.T)[:arms, :arms]
    one, two = pairs
    each = np.sqrt(scale[one, one] + scale[two, two] - 2 * scale[one, two])
    return fitted[:, :arms], left[:, None] * each, df


def distances(condition: str, arms: int, blocks: int) -> tuple[Floats, npt.NDArray[np.bool_], int]:
    """(rounds, pairs) |estimate - truth| ÷ error, which pairs are against the first arm, and df."""
    logs, truth = cells(condition, arms, blocks)
    pairs = np.triu_indices(arms, 1)
    fit = with_a_gap if condition == "a gap" else complete
    estimates, errors, df = fit(logs, pairs)
    off = estimates - truth
    return np.abs(off[:, pairs[0]] - off[:, pairs[1]]) / errors, pairs[0] == 0, df


def coverage(condition: str, arms: int, blocks: int) -> tuple[float, float]:
    """The shares of rounds in which all intervals hold: of all pairs, of those against one arm."""
    far, first, df = distances(condition, arms, blocks)
    tukey = far.max(axis=1) <= critical(tukey_level(arms, df), df)
    dunnett = far[:, first].max(axis=1) <= critical(dunnett_level(arms - 1, df), df)
    return float(tukey.mean()), float(dunnett.mean())


def critical(level: float, df: int) -> float:
    return float(stats.t.ppf(1 - level / 2, df))


def p_values(apart: Floats) -> Floats:
    """(rounds, pairs) of the paired t, from (rounds, pairs, blocks) log-ratios."""
    blocks = apart.shape[-1]
    t = apart.mean(axis=-1) / (apart.std(axis=-1, ddof=1) / math.sqrt(blocks))
    return np.asarray(2 * stats.t.sf(np.abs(t), blocks - 1), np.float64)


def holm_rejects(p: Floats) -> npt.NDArray[np.bool_]:
    """(rounds, pairs) whether Holm rejects; held to `bench.analysis.stats.holm` by a test."""
    order = np.argsort(p, axis=1)
    below = np.take_along_axis(p, order, axis=1) <= ALPHA / np.arange(p.shape[1], 0, -1)
    rejected = np.zeros(p.shape, dtype=np.bool_)
    np.put_along_axis(rejected, order, np.logical_and.accumulate(below, axis=1), axis=1)
    return rejected


def false_alarms_with_a_gap(arms: int, blocks: int) -> float:
    """The share of rounds in which Holm over the pairs with three blocks rejects a true 1."""
    logs, truth = cells("equal", arms, blocks)
    one, two = np.triu_indices(arms, 1)
    logs = logs - truth[:, None]
    apart = logs[:, one] - logs[:, two]
    whole, short = p_values(apart[:, one != 0]), apart[:, one == 0, 1:]
    p = np.hstack([whole, p_values(short)]) if blocks > 3 else whole
    return float(holm_rejects(p).any(axis=1).mean())


def power(arms: int, blocks: int, ratio: float) -> tuple[float, float, float, float]:
    """The share of the pairs that differ which is found: Tukey, Holm, and against one the same two.

    One arm is `ratio` times as fast as each of the others, which are alike.
    """
    rng = np.random.default_rng([arms, blocks])
    logs = rng.normal(0, SPREAD, (ROUNDS, arms, blocks))
    logs[:, 0] += math.log(ratio)
    one, two = np.triu_indices(arms, 1)
    first, df = one == 0, residual_df(arms, blocks)
    apart = logs[:, one] - logs[:, two]
    far = apart.mean(axis=-1)[:, first] / residual_error(logs)[:, None]
    p = p_values(apart)
    found = (
        far > critical(tukey_level(arms, df), df),
        holm_rejects(p)[:, first],
        far > critical(dunnett_level(arms - 1, df), df),
        holm_rejects(p[:, first]),
    )
    tukey, holm_all, dunnett, holm_one = (float(each.mean()) for each in found)
    return tukey, holm_all, dunnett, holm_one


def coverage_line(arms: int, blocks: int) -> str:
    """All pairs and those against one in each condition; the false alarms of Holm with a gap."""
    both = [coverage(condition, arms, blocks) for condition in CONDITIONS]
    figures = [f"{100 * tukey:.1f}, {100 * dunnett:.1f}" for tukey, dunnett in both]
    alarms = f"{100 * false_alarms_with_a_gap(arms, blocks):.1f}"
    return _row(str(arms), str(blocks), *figures, alarms)


def power_lines() -> Iterator[str]:
    """One per contest: the per cent that each method finds."""
    for arms, blocks, ratio in CONTESTS:
        figures = [f"{100 * share:.0f}" for share in power(arms, blocks, ratio)]
        yield _row(str(arms), str(blocks), f"{ratio}", *figures)


def spread_lines() -> Iterator[str]:
    """One per metric: the repeats, the widest ratio of spreads, and its chance if all are equal."""
    for metric, repeats in REPEATS.items():
        each = ", ".join(f"{spread:g} ({count})" for spread, count in repeats)
        yield _row(f"`{metric}`", each, f"{widest(repeats):.1f}", f"{chance(repeats):.3f}")


def _row(*columns: str) -> str:
    return f"| {' | '.join(columns)} |"


if __name__ == "__main__":
    covered = (coverage_line(arms, blocks) for arms in ARMS for blocks in BLOCKS)
    for table in (spread_lines(), covered, power_lines()):
        print(*table, sep="\n", end="\n\n")
