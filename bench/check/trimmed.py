"""The P99 of the calmer half of a latency cell.

One slow spell makes the P99 of a whole cell ten times as large, and half of a cell holds few of
them. Pure.
"""

import numpy as np
import numpy.typing as npt

from bench.measure.percentiles import percentile

# A quarter of a second each in a cell of five: slow spells are shorter than a second.
PARTS = 20


def trimmed_p99(latencies: npt.ArrayLike) -> float:
    """The P99 over that half of 20 equal parts of a cell whose own P99 is the lowest.

    `latencies`: (tasks,), in the order in which the tasks were due. Blind to what slows fewer than
    half of the parts, the code's own pauses included: the P99 of the whole cell is watched beside
    it.
    """
    parts = np.array_split(np.asarray(latencies, dtype=float), PARTS)
    calmest = np.argsort([percentile(part, 99.0) for part in parts], kind="stable")[: PARTS // 2]
    return percentile(np.concatenate([parts[at] for at in calmest]), 99.0)
