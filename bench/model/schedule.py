"""When each task is due: offsets in integer nanoseconds, made before the load begins.

They are never adjusted while it runs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NS = 1_000_000_000
# Below zero are the warm-up tasks; the ids next to zero are left to those that show that the
# workers are ready.
FIRST_WARM_TASK = -1_000_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Schedule:
    """Which task is due when, and what work it does.

    `tasks` (ids), `due_ns` (offsets in ns) and `work` (indexes into `works`) have the shape (n,).
    The work `""` is the no-op. ValueError where the arrays do not fit each other.
    """

    tasks: Ints
    due_ns: Ints
    work: Ints
    works: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        if not self.tasks.shape == self.due_ns.shape == self.work.shape == (self.tasks.size,):
            raise ValueError("a schedule needs one due time and one work for each task")
        if self.work.size and not 0 <= self.work.min() <= self.work.max() < len(self.works):
            raise ValueError("a schedule names work that it does not hold")

    def __len__(self) -> int:
        return int(self.tasks.size)

    def packed(self, t0_ns: int) -> bytes:
        """(task, absolute due_ns, work) as little-endian int64 triples, sorted by due time."""
        order = np.argsort(self.due_ns, kind="stable")
        rows = np.column_stack([self.tasks, self.due_ns + t0_ns, self.work])[order]
        return rows.astype("<i8").tobytes()


def poisson(rate_per_s: float, seconds: float, seed: int) -> Ints:
    """Arrivals of a Poisson process within [0, seconds) in ns, shape (n,): a queue fed by many
    independent clients.

    The same seed gives the same first arrivals however long the phase is, and the same as
    `poisson_count`.
    """
    _check(rate_per_s, seconds)
    rng, end = np.random.default_rng(seed), round(seconds * NS)
    batch = 64 + int(1.1 * rate_per_s * seconds)
    due = np.cumsum(_gaps(rng, rate_per_s, batch))
    while due[-1] < end:
        due = np.concatenate([due, due[-1] + np.cumsum(_gaps(rng, rate_per_s, batch))])
    return due[due < end]


def poisson_count(rate_per_s: float, n: int, seed: int) -> Ints:
    """The first `n` arrivals of a Poisson process in ns, shape (n,)."""
    _check(rate_per_s, n)
    return np.cumsum(_gaps(np.random.default_rng(seed), rate_per_s, n))


def _gaps(rng: np.random.Generator, rate_per_s: float, n: int) -> Ints:
    # Rounded before they are added up, so that a sum does not depend on where a batch ended.
    return np.asarray(np.rint(rng.standard_exponential(n) * (NS / rate_per_s)), np.int64)


def even(rate_per_s: float, seconds: float) -> Ints:
    """Evenly spaced arrivals within [0, seconds) in ns, shape (n,), the first at 0."""
    _check(rate_per_s, seconds)
    # One more than fit, as rate × seconds need not be exact in binary.
    due: Ints = np.rint(np.arange(int(rate_per_s * seconds) + 2) * (NS / rate_per_s)).astype(
        np.int64
    )
    return due[due < round(seconds * NS)]


def at_once(n: int, at_s: float) -> Ints:
    """The due times of `n` tasks at the same moment in ns, shape (n,)."""
    if n < 0 or at_s < 0:
        raise ValueError("neither a number of tasks nor a moment may be negative")
    return np.full(n, round(at_s * NS), dtype=np.int64)


def merge(*parts: tuple[Ints, str], measured_from_ns: int = 0) -> Schedule:
    """One schedule out of (offsets, work) parts, ids rising with the due time.

    Tasks due before `measured_from_ns` are warm-up and count up from FIRST_WARM_TASK; the others
    are 0 … N-1. ValueError where more are warm-up than ids are kept for them.
    """
    works = tuple(dict.fromkeys(work for _, work in parts)) or ("",)
    due = np.concatenate([np.empty(0, dtype=np.int64), *(offsets for offsets, _ in parts)])
    work = np.concatenate(
        [
            np.empty(0, dtype=np.int64),
            *(np.full(len(offsets), works.index(name), dtype=np.int64) for offsets, name in parts),
        ]
    )
    order = np.argsort(due, kind="stable")
    due, work = due[order], work[order]
    warm = int(np.searchsorted(due, measured_from_ns))
    if warm >= -FIRST_WARM_TASK:
        raise ValueError(
            f"{warm} warm-up tasks are more than the ids that are kept for them: "
            "shorten the warm-up"
        )
    tasks = np.concatenate(
        [
            FIRST_WARM_TASK + np.arange(warm, dtype=np.int64),
            np.arange(due.size - warm, dtype=np.int64),
        ]
    )
    return Schedule(tasks, due, work, works)


def _check(rate_per_s: float, amount: float) -> None:
    if not (0 < rate_per_s < float("inf") and 0 <= amount < float("inf")):
        raise ValueError(
            f"a schedule needs a rate above 0 and a finite length, "
            f"not {rate_per_s} per second and {amount}"
        )
