"""Percentiles of counts: each lies between two bounds for certain, by the bars and by the clocks.

Where a run is too large for its events, its hosts send counts of the lower and of the upper bound
of each duration; with one clock the two are the same.
"""

import numpy as np

from bench.measure.clock_limits import Bounded, limited
from bench.measure.order_statistics import MIN_BEYOND, rank
from bench.measure.spells import MIN_SPELLS
from bench.model.metric import Measure
from bench.record.duration_counts import DurationCounts, edges_ns


def counted_spread(name: str, lower: DurationCounts, upper: DurationCounts, p: float) -> Bounded:
    """A percentile in ms as a measure, and its ±; the rules are those of `spread_between`.

    `withheld` unless ten tasks and ten spells lie beyond it: of seconds with a task beyond it there
    must be twice as many, for a spell lasts a second and lies in two seconds of the clock at most.
    What shares the bar of the percentile may lie on either side of it and is not counted there.
    """
    at = rank(upper.total, p)
    if upper.total - at < MIN_BEYOND:
        reason = f"{upper.total} tasks leave fewer than 10 beyond P{p:g}"
        return Bounded(Measure(name, None, "withheld", reason))
    low_ms, _ = _bar_ms(lower, at)
    _, high_ms = _bar_ms(upper, at)
    if np.isinf(low_ms):
        reason = "that many tasks had not finished when the cell ended"
        return Bounded(Measure(name, None, "unbounded", reason))
    for counts in (lower, upper):
        seconds = _seconds_beyond(counts, at)
        if seconds < 2 * MIN_SPELLS:
            reason = f"beyond P{p:g} lie {seconds} of the {2 * MIN_SPELLS} seconds that it takes"
            return Bounded(Measure(name, None, "withheld", reason))
    return limited(Measure(name, (low_ms + high_ms) / 2), (high_ms - low_ms) / 2)


def _bar_of(counts: DurationCounts, at: int) -> int:
    """The bar that holds the duration of that rank; 1 is the shortest."""
    return int(np.searchsorted(np.cumsum(counts.counts.sum(axis=0)), at))


def _bar_ms(counts: DurationCounts, at: int) -> tuple[float, float]:
    """Between which edges the duration of that rank lies, in ms; none lasts less than 0."""
    edges = np.concatenate(([0.0], edges_ns() / 1e6, [np.inf]))
    bar = _bar_of(counts, at)
    if bar == len(edges) - 2:
        return np.inf, np.inf
    return float(edges[bar]), float(edges[bar + 1])


def _seconds_beyond(counts: DurationCounts, at: int) -> int:
    beyond = counts.counts[:, _bar_of(counts, at) + 1 :]
    return int(beyond.any(axis=1).sum())
