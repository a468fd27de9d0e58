"""What each task does: its times, sizes, arguments and failures, drawn from the seed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.model.schedule import Ints
from bench.workload.arrivals import KIND_STREAM, Kinds
from bench.workload.task_form import Amount
from bench.workload.workload_form import Workload

# The column of each amount, and what one of its unit is there: ns, or bytes.
COLUMNS: Mapping[str, tuple[str, float]] = {
    "sleep_ms": ("sleep_ns", 1e6),
    "cpu_ms": ("cpu_ns", 1e6),
    "memory": ("memory_bytes", 1.0),
    "payload": ("payload_bytes", 1.0),
    "result": ("result_bytes", 1.0),
}
_STREAMS = {name: KIND_STREAM + 1 + at for at, name in enumerate((*COLUMNS, "fails", "args"))}


@dataclass(frozen=True, eq=False)
class TaskDraws:
    """What each arrival does, all of the shape (arrivals,).

    `failing_runs` is how many of its runs fail, one after the other from the first: as many as it
    gets, if that is more than its retries. `line` is the index of its arguments in their file, -1
    where its type has none.
    """

    sleep_ns: Ints
    cpu_ns: Ints
    memory_bytes: Ints
    payload_bytes: Ints
    result_bytes: Ints
    failing_runs: npt.NDArray[np.uint8]
    line: npt.NDArray[np.int32]


def draw(workload: Workload, kinds: Kinds, seed: int, lines: Mapping[str, int]) -> TaskDraws:
    """The draws for arrivals of these types, (arrivals,); `lines` are those of each args file.

    Each key of each type has random numbers of its own: another one leaves the rest as it was.
    """
    # Zeros take no memory before something is written to them.
    columns = {column: np.zeros(len(kinds), np.int64) for column, _ in COLUMNS.values()}
    failing, line = np.zeros(len(kinds), np.uint8), np.full(len(kinds), -1, np.int32)
    for kind, task in enumerate(workload.task):
        ours = np.flatnonzero(kinds == kind)
        streams = {
            name: np.random.default_rng((seed, stream, kind + 1))
            for name, stream in _STREAMS.items()
        }
        for name, (column, unit) in COLUMNS.items():
            amount: Amount | None = getattr(task, name)
            if amount is not None:
                drawn = amounts(amount, len(ours), streams[name])
                columns[column][ours] = np.rint(drawn * unit).astype(np.int64)
        if task.fails:
            failing[ours] = _failing(task.fails, task.retries, len(ours), streams["fails"])
        if task.name in lines:
            line[ours] = streams["args"].integers(lines[task.name], size=len(ours))
    return TaskDraws(**columns, failing_runs=failing, line=line)


def amounts(amount: Amount, n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(n,) values in the amount's unit: log-normal, or all alike."""
    if not amount.sigma:
        return np.full(n, amount.median)
    return amount.median * np.exp(amount.sigma * rng.standard_normal(n))


def _failing(share: float, retries: int, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n,) how many runs of each task fail before one does not, or all that it gets."""
    if share == 1:
        return np.full(n, retries + 1)
    return np.minimum(rng.geometric(1 - share, n) - 1, retries + 1)
