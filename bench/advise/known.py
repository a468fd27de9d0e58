"""What the rules of the advice are held against: the form of the facts, which are plain JSON."""

from collections.abc import Mapping, Sequence
from typing import TypedDict


class CellNumber(TypedDict):
    """A number and the cells behind it."""

    value: float
    cells: str


class BacklogPoint(TypedDict):
    """What a backlog of so many empty tasks showed; None where not known.

    `drain` in tasks per second while nobody enqueues; the memory of workers and broker at their
    peaks, in MB, 0 for a broker without a server of its own; `cpu_ms` of the workers per task.
    """

    tasks: int
    drain: float | None
    workers_mb: float | None
    broker_mb: float | None
    cpu_ms: float | None
    cells: str


class WorkPoint(TypedDict):
    """What so many workers drain of tasks that take time; their memory in MB, None where not known.

    The backlog of such a cell follows from the arm's speed: the broker's memory is left out.
    """

    workers: int
    rate: float
    workers_mb: float | None
    cells: str


class RatePoint(TypedDict):
    """P99 in ms at a fixed rate; None where the backlog grew, or where it was withheld, and why."""

    rate: float
    p99: float | None
    grew: bool
    withheld: str
    cells: str


class FaultCounts(TypedDict):
    """How many tasks that a fault hit were lost, doubled, left stuck or failed, of how many.

    `refused`: the enqueue calls that raised meanwhile. They never became tasks, and whoever called
    was told: nothing is lost by them that the caller did not know of. `harmless`: the share of
    `strikes` that does no harm, at least, where none of so many did any (the one-sided 95 % limit
    of Clopper & Pearson 1934): the tasks of a strike share their fate, so tasks are not counted.
    """

    lost: int
    doubled: int
    stuck: int
    failed: int
    hit: int
    refused: int
    strikes: int
    harmless: float
    cells: str


class ArmFacts(TypedDict):
    """An arm, each measure by its own name. `capacity`: tasks per second, sustained.

    `results`: whether it keeps the results of tasks. `backlogs` by their size, `p99` by the rate,
    `work` by what is asked for and the number of workers, all rising.
    """

    arm: str
    system: str
    profile: str
    broker: str
    guarantee: str
    results: bool
    capacity: CellNumber | None
    backlogs: Sequence[BacklogPoint]
    p99: Sequence[RatePoint]
    faults: Mapping[str, FaultCounts]
    work: Mapping[str, Sequence[WorkPoint]]


class Known(TypedDict):
    """The size of the runs, every arm, and system → feature → outcome.

    `backlog`: the size that most arms were measured at, the larger of two; None where no arm was.
    """

    workers: int
    cores: float
    work_ms: float
    backlog: int | None
    arms: Sequence[ArmFacts]
    features: Mapping[str, Mapping[str, str | None]]
