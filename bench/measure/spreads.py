"""A percentile as a measure: with ten samples and ten spells beyond it, or not at all."""

import numpy as np
import numpy.typing as npt

from bench.measure.figures import ranked
from bench.measure.order_statistics import rank
from bench.measure.spells import MIN_SPELLS, beyond, spells, too_few
from bench.model.metric import Measure
from bench.record.ledger import Ints

Floats = npt.NDArray[np.float64]


def spread(name: str, values: Floats, due_ns: Ints, p: float, farthest: float = 100.0) -> Measure:
    """A percentile of (tasks,) values as a measure, in their unit; `due_ns`: when each was due.

    `withheld` unless ten samples and ten spells lie beyond it, `unbounded` where it is infinite.
    """
    if p > farthest:
        return Measure(
            name, None, "withheld", f"this cell is too short for P{p:g}: measure with --size full"
        )
    found = ranked(name, values, p)
    if found.verdict != "ok":
        return found
    late = spells(due_ns[beyond(values, rank(len(values), p))])
    if len(late) >= MIN_SPELLS:
        return found
    return Measure(name, None, "withheld", f"beyond P{p:g} lie {too_few(late)}")
