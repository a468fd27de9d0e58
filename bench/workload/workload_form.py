"""The form of a workload file: task types, the user's code, arrivals, and the objective.

What one record alone can tell is refused by its type; what takes several, in workload_file.py.
"""

from collections.abc import Mapping

from pydantic import Field

from bench.model.stored import Record
from bench.workload.arrival_form import Arriving
from bench.workload.quantities import Above0, Whole
from bench.workload.task_form import Code, TaskType


class Bounds(Record):
    """What may be at most so much: from due to finished in ms, or a number of tasks.

    `backlog`: how many have fallen due and not begun, at any moment.
    """

    p50_ms: Above0 | None = None
    p90_ms: Above0 | None = None
    p99_ms: Above0 | None = None
    max_ms: Above0 | None = None
    lost: Whole | None = None
    failed: Whole | None = None
    backlog: Whole | None = None


class Objective(Bounds):
    """[objective] is over all tasks, [objective.task.NAME] over those of one type."""

    task: Mapping[str, Bounds] = {}


class Workload(Record):
    """The whole file."""

    task: tuple[TaskType, ...] = Field(min_length=1)
    arrivals: Arriving
    code: Code = Code()
    objective: Objective = Objective()

    @property
    def names(self) -> tuple[str, ...]:
        """The task types in their order: an arrival names its type by the index."""
        return tuple(each.name for each in self.task)

    @property
    def shares(self) -> tuple[float, ...]:
        """Their shares of the arrivals, which add up to 1; alike where none is said."""
        given = [1.0 if each.share is None else each.share for each in self.task]
        return tuple(share / sum(given) for share in given)
