"""What a search of a run begins with: its first probe, its bounds, and how long it may take."""

from collections.abc import Mapping

import numpy as np

from bench.hosts.machine import slots
from bench.workload.arrival_form import TraceArrivals
from bench.workload.arrivals import arrive
from bench.workload.objective import SPARED, goals
from bench.workload.probe_size import Estimated, LoadSize
from bench.workload.search import Kind, Search
from bench.workload.search_kinds import SEARCHES
from bench.workload.workload_file import WorkloadFile

SCENARIO = "workload"
PREFIX: Mapping[Kind, str] = {"rate": "times=", "workers": "workers="}
MINUTES = {"smoke": 2.0, "quick": 5.0, "full": 10.0}  # of each arm, unless told
MOST_ARRIVALS = 1_000_000  # in one probe
MOST_TIMES = 10_000.0
MOST_WORKERS, PER_CORE = 16, 8  # so many are tried at least, and for each core


def load_size(file: WorkloadFile, seed: int) -> LoadSize:
    """How large the load of a file is, and each goal whose share of late tasks is estimated."""
    workload = file.workload
    arrivals = arrive(workload, seed, file.trace)
    counts = np.bincount(arrivals.kinds, minlength=len(workload.names))
    tasks = {"": len(arrivals), **dict(zip(workload.names, counts.tolist(), strict=True))}
    estimated = tuple(
        Estimated(SPARED[goal.word], tasks[goal.task], goal.label)
        for goal in goals(workload.objective)
        if SPARED.get(goal.word)
    )
    shrinks = isinstance(workload.arrivals, TraceArrivals)
    return LoadSize(arrivals.seconds, len(arrivals), estimated, shrinks)


def search_for(kind: Kind, size: LoadSize, workers: int, minutes: float) -> Search:
    """The search of that kind, from the load as the file has it with the run's workers."""
    if kind == "rate":
        first = 1.0
        most = MOST_TIMES if size.shrinks else MOST_ARRIVALS / max(1, size.arrivals)
    else:
        first = float(workers)
        most = float(max(MOST_WORKERS, PER_CORE * slots(), 2 * workers))
    return SEARCHES[kind](size, first, max(first, most), 60 * minutes)


def case_of(kind: Kind, at: float) -> str:
    """The case of a probe."""
    return f"{PREFIX[kind]}{at:g}"
