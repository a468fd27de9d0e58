"""What a cell sends: which task is due when, and what each of them does, drawn before it begins."""

from dataclasses import dataclass, replace

import numpy as np

from bench.model.schedule import FIRST_WARM_TASK, NS, Ints, Schedule, poisson_count
from bench.workload.arrivals import Arrivals, Kinds
from bench.workload.draws import TaskDraws, draw
from bench.workload.workload_file import WorkloadFile

LEAD_AT_MOST = 100_000


@dataclass(frozen=True, eq=False)
class LeadIn:
    """Tasks that come before the load as the load does: offsets in ns and types, both (n,)."""

    due_ns: Ints
    kinds: Kinds


def lead_in(arrivals: Arrivals, seconds: float, seed: int) -> LeadIn:
    """Some seconds of tasks, at the rate of the load's first seconds.

    So that the load finds a system at work. Their types are drawn from all tasks of the load.
    """
    stretch = min(seconds, arrivals.seconds) or seconds
    first = int(np.searchsorted(arrivals.due_ns, stretch * NS))
    count = min(round(first * seconds / stretch), LEAD_AT_MOST)
    if not count:
        return LeadIn(np.empty(0, np.int64), np.empty(0, np.int16))
    # A seed of its own, or the first gaps of the load would come twice.
    due = poisson_count(count / seconds, count, seed + 1)
    rng = np.random.default_rng((seed + 1, 0))
    kinds = arrivals.kinds[rng.integers(len(arrivals.kinds), size=count)]
    inside = due < seconds * NS
    return LeadIn(due[inside], kinds[inside])


def drawn(file: WorkloadFile, kinds: Kinds, seed: int) -> TaskDraws:
    """What tasks of these types do."""
    lines = {name: len(given.sizes) for name, given in file.arguments.items()}
    return draw(file.workload, kinds, seed, lines)


def drawn_before(file: WorkloadFile, kinds: Kinds, seed: int) -> TaskDraws:
    """What the tasks before the load do; none fails, for its retry would fall into the load."""
    draws = drawn(file, kinds, seed + 1)
    return replace(draws, failing_runs=np.zeros_like(draws.failing_runs))


def whole_schedule(
    types: int, arrivals: Arrivals, lead: LeadIn, lead_s: float, first: int
) -> Schedule:
    """Lead-in and load one after the other; the work of a task is its type's index as text.

    Offsets count from the begin of the lead-in, which lasts `lead_s`. `first` tasks came before
    it, so many ids are taken.
    """
    before = FIRST_WARM_TASK + first + np.arange(len(lead.due_ns), dtype=np.int64)
    return Schedule(
        np.concatenate((before, np.arange(len(arrivals), dtype=np.int64))),
        np.concatenate((lead.due_ns, arrivals.due_ns + round(lead_s * NS))),
        np.concatenate((lead.kinds, arrivals.kinds)).astype(np.int64),
        tuple(map(str, range(types))),
    )
