"""When each task is due, and of which type it is: drawn from a seed, the same for every system."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.model.schedule import NS, Ints, even, poisson
from bench.workload.arrival_form import RateStep, TraceArrivals
from bench.workload.trace_file import Trace
from bench.workload.workload_form import Workload

Kinds = npt.NDArray[np.int16]
# Streams of random numbers beside that of the due times, which is the seed alone. They begin at 1:
# a seed and a trailing 0 give the same stream as the seed without it.
KIND_STREAM = 1


@dataclass(frozen=True, eq=False)
class Arrivals:
    """The arrivals of a load, each (arrivals,), and how long it lasts.

    `due_ns` ascend from 0; `kinds` are indexes of the workload's task types.
    """

    due_ns: Ints
    kinds: Kinds
    seconds: float

    def __len__(self) -> int:
        return int(self.due_ns.size)

    def busiest(self) -> int:
        """The most arrivals that one second holds, of the seconds that begin at 0, 1, 2, …"""
        return int(np.bincount(self.due_ns // NS).max()) if len(self) else 0


def arrive(
    workload: Workload, seed: int, trace: Trace | None = None, times: float = 1.0
) -> Arrivals:
    """The arrivals of a workload, so many `times` as dense; its trace must be given if it has one.

    The same seed gives the same arrivals. ValueError for a trace that is lacking.
    """
    arrivals = workload.arrivals.times(times)
    if isinstance(arrivals, TraceArrivals):
        if trace is None:
            raise ValueError("the arrivals of this workload are in its trace: give it")
        due = np.rint(trace.seconds * (NS / arrivals.speed)).astype(np.int64)
        kinds = _drawn_kinds(workload, len(due), seed) if trace.kinds is None else trace.kinds
        return Arrivals(due, kinds, float(trace.seconds[-1] / arrivals.speed))
    due = due_times(arrivals.stretches, arrivals.spacing, seed)
    seconds = sum(step.seconds for step in arrivals.stretches)
    return Arrivals(due, _drawn_kinds(workload, len(due), seed), seconds)


def due_times(steps: Sequence[RateStep], spacing: str, seed: int) -> Ints:
    """Offsets in ns, ascending, shape (n,), of arrivals whose rate goes through these steps.

    A process of one arrival per unit, `poisson` or `even`, is taken back through the integral of
    the rate: that makes it one of this rate (inversion, Çinlar 1975). In a linear ramp the integral
    is a parabola, and its inverse has a closed form.
    """
    lengths, first, last = (
        np.array([getattr(step, name) for step in steps]) for name in ("seconds", "rate", "until")
    )
    ends = np.cumsum(lengths * (first + last) / 2)
    total = float(ends[-1])
    units = (poisson(1.0, total, seed) if spacing == "poisson" else even(1.0, total)) / NS
    units = units[units < total]
    # To the right of equal ends: a step at rate 0 is gone over.
    step = np.searchsorted(ends, units, side="right")
    within = units - np.concatenate(([0.0], ends))[step]
    slope = ((last - first) / lengths)[step]
    # Solved so that nothing is lost where the slope is small, and that ends at 0 where it begins.
    root = np.sqrt(np.maximum(first[step] ** 2 + 2 * slope * within, 0.0))
    seconds = np.zeros_like(units)
    np.divide(2 * within, first[step] + root, out=seconds, where=within > 0)
    due = (np.concatenate(([0.0], np.cumsum(lengths)))[step] + seconds) * NS
    return np.maximum.accumulate(np.rint(due).astype(np.int64))


def _drawn_kinds(workload: Workload, n: int, seed: int) -> Kinds:
    """(n,) task types by their shares."""
    rng = np.random.default_rng((seed, KIND_STREAM))
    # The last bound is left out: added up, the shares may come to a little less than 1.
    bounds = np.cumsum(workload.shares)[:-1]
    return np.searchsorted(bounds, rng.random(n), side="right").astype(np.int16)
