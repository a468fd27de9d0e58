"""Spells: hundreds of tasks that one stall made late are one observation, not hundreds.

Waits of neighbours resemble each other, so a percentile stands on the separate stretches of time in
which something was slower than it, and not on the tasks of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.record.ledger import Ints

SPELL_NS = 1_000_000_000
MIN_SPELLS = 10


@dataclass(frozen=True)
class Spell:
    """Tasks that fell due within one second: how many, and how long from the first to the last."""

    tasks: int
    seconds: float


def spells(due_ns: Ints) -> list[Spell]:
    """The spells in which (tasks,) due times lie; these need no order.

    The first opens a spell of one second, the next one due later than that opens another. No fewer
    seconds could hold them all, so more tasks never lie in fewer spells. (Declustering, as the
    exceedances of a threshold are: Davison & Smith 1990.)
    """
    moments, found, at = np.sort(due_ns), list[Spell](), 0
    while at < len(moments):
        end = int(np.searchsorted(moments, moments[at] + SPELL_NS, side="right"))
        found.append(Spell(end - at, float(moments[end - 1] - moments[at]) / 1e9))
        at = end
    return found


def beyond(values: npt.NDArray[np.float64], rank: int) -> npt.NDArray[np.bool_]:
    """(n,) which of (n,) values lie beyond the one of that rank; 1 is the smallest.

    Of equals any could rank above the others, so all of them do.
    """
    value = float(np.partition(values, rank - 1)[rank - 1])
    above: npt.NDArray[np.bool_] = values > value
    return above if int(above.sum()) == len(values) - rank else values >= value


def last_rank(values: npt.NDArray[np.float64], due_ns: Ints) -> int:
    """The highest rank of (n,) values with ten spells beyond it, 0 if there is none."""
    low, high = 0, max(0, len(values) - 1)
    while low < high:
        middle = (low + high + 1) // 2
        if len(spells(due_ns[beyond(values, middle)])) >= MIN_SPELLS:
            low = middle
        else:
            high = middle - 1
    return low


def too_few(found: Sequence[Spell]) -> str:
    """Why so few spells carry no percentile, such as `one spell of 0.4 s holds 41 of 52`."""
    longest = max(found, key=lambda spell: spell.tasks)
    tasks = sum(spell.tasks for spell in found)
    return (
        f"{len(found)} of the {MIN_SPELLS} spells that it takes: one spell of "
        f"{longest.seconds:.2g} s holds {longest.tasks} of {tasks}"
    )
