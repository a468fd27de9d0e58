"""What durations between two hosts are worth: each lies between two bounds, so do percentiles.

What is known to no better than its tie zone cannot be compared and is withheld. What needs one
clock alone never comes here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.measure.order_statistics import percentile
from bench.measure.spreads import Floats, spread
from bench.model.metric import METRICS, Measure
from bench.record.clock_bounds import Interval
from bench.record.clock_network import ClockNetwork
from bench.record.ledger import Ints

_LEAST = -np.finfo(float).max


@dataclass(frozen=True)
class Bounded:
    """A measure, and the ± of the clocks in its unit; None where it has no value."""

    measure: Measure
    bound: float | None = None


def spread_between(
    name: str,
    durations: Interval,
    due_ns: Ints,
    p: float,
    farthest: float = 100.0,
    unfit: str = "",
) -> Bounded:
    """A percentile of (tasks,) durations in ms that lie between bounds, with its own ±.

    The percentile of the lower bounds and that of the upper ones hold the true one between them,
    for an order statistic never falls when a value rises. The middle is the value, half of what
    lies between the ±. A task that never finished has both bounds infinite.

    `unfit` is why the clocks have no bounds: then it is `invalid`. `withheld` where the ± is beyond
    the metric's tie zone, and else by the rules of `spread`.
    """
    if unfit:
        return Bounded(Measure(name, None, "invalid", unfit))
    low, high = np.maximum(durations.low, _LEAST), durations.high
    upper = spread(name, high, due_ns, p, farthest)
    if upper.verdict == "withheld":
        return Bounded(upper)
    if percentile(low, p) < np.inf and upper.verdict == "unbounded":
        return Bounded(_unknown(name, durations))
    lower = spread(name, low, due_ns, p, farthest)
    if lower.verdict != "ok":
        return Bounded(lower)
    assert lower.value is not None and upper.value is not None
    if lower.value == _LEAST:
        return Bounded(_unknown(name, durations))
    return limited(Measure(name, (lower.value + upper.value) / 2), (upper.value - lower.value) / 2)


def limited(measure: Measure, bound: float) -> Bounded:
    """A measure that is known to ± `bound`, in its unit; withheld where that is too much.

    Too much is more than the tie zone: by less two arms are not told apart anyway.
    """
    if measure.verdict != "ok" or measure.value is None:
        return Bounded(measure)
    metric = METRICS[measure.metric]
    if bound <= metric.tie_zone * measure.value:
        return Bounded(measure, bound)
    said = f"clocks known to ± {bound:.2g} {metric.unit}"
    if measure.value > 0:
        said += f", more than {metric.tie_zone:.0%} of {measure.value:.2g} {metric.unit}"
    return Bounded(Measure(measure.metric, None, "withheld", said))


def _unknown(name: str, durations: Interval) -> Measure:
    unknown = int(np.isneginf(durations.low).sum())
    return Measure(
        name,
        None,
        "withheld",
        f"clocks not known for {unknown} of {len(durations.low)} tasks: no ping was near in time",
    )


def in_ms(durations: Interval, unfinished: npt.NDArray[np.bool_]) -> Interval:
    """(tasks,) durations in ns as `spread_between` takes them; `unfinished` is (tasks,)."""
    bounds: list[Floats] = [
        np.where(unfinished, np.inf, each / 1e6) for each in (durations.low, durations.high)
    ]
    return Interval(*bounds)


def clocks(network: ClockNetwork, ids: Sequence[str]) -> str:
    """Why stamps by these clocks cannot be compared, in plain words; empty if they can.

    It is a gate of the figures between hosts alone: counts, memory and CPU need one clock.
    """
    why = network.unfit(ids)
    return f"clocks: {why}" if why else ""
