"""A cell of so many tasks that one ledger of them would not fit into memory: see gathering.py."""

import numpy as np

from bench.base.errors import CellFailed
from bench.record.gathering import MOST_EVENTS, Gathered, gather
from bench.testbed.load import Load
from bench.testbed.stage import Planned, Stage

SAMPLED = 200_000  # ordinary tasks whose stamps are kept: a whole cell of `--size full` has half


def is_large(plan: Planned) -> bool:
    """Whether its events are gathered host by host and thinned."""
    return plan is not None and len(plan[0]) > MOST_EVENTS


def gathered(stage: Stage, plan: Planned, load: Load, every: int) -> Gathered:
    """What is left of it; at least one stretch of ordinary tasks out of `every` is left out.

    CellFailed where its tasks have no numbers from 0 on: nothing else could be told apart by a bit.
    """
    assert plan is not None
    planned = plan[0] >= 0
    ids, due = plan[0][planned], plan[1][planned] + stage.later_ns
    due_ns = np.full(len(ids), -1, np.int64)
    due_ns[ids[ids < len(ids)]] = due[ids < len(ids)]
    if (due_ns < 0).any():
        raise CellFailed(f"{len(ids)} tasks without a number of their own: measure fewer")
    return gather(due_ns, *stage.events(load), max(every, len(ids) // SAMPLED))
