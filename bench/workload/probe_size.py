"""How much of a load a probe takes before it can say anything: seconds, tasks, and so cells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.workload.objective import BEYOND
from bench.workload.probe import BATCHES, UNSEEN_SHARE, most_expected

MOST_CELLS, MOST_SHORT_CELLS = 3, 6  # a load of which a verdict takes more is none to search with


@dataclass(frozen=True)
class Estimated:
    """A goal whose share of late tasks is estimated: so many per cent are spared, of so many tasks.

    `tasks` are those of the load as the file has it, `label` is how the file names the goal.
    """

    spared: int
    tasks: int
    label: str = ""


@dataclass(frozen=True)
class LoadSize:
    """How long a load lasts as the file has it, and what its goals are estimated from.

    `shrinks`: made denser it takes less time and keeps its tasks, as a trace does; any other load
    keeps its time.
    """

    seconds: float
    arrivals: int
    goals: Sequence[Estimated] = ()
    shrinks: bool = False

    @property
    def per_s(self) -> float:
        """Arrivals per second, on average."""
        return self.arrivals / self.seconds if self.seconds else 0.0

    def seconds_at(self, times: float) -> float:
        """How long the load lasts, so many times as dense."""
        return self.seconds / times if self.shrinks else self.seconds

    def arrivals_at(self, times: float) -> float:
        """How many arrivals it has then."""
        return self.arrivals if self.shrinks else self.arrivals * times

    def cells_at(self, times: float) -> int:
        """The fewest cells of it that can hold, by the rules of bench.workload.probe."""
        seconds = max(1, math.ceil(self.seconds_at(times)))
        more = 1.0 if self.shrinks else times
        needed = [
            max(
                seconds_needed(goal.spared) / seconds,
                tasks_needed(goal.spared) / _at_least(goal.tasks * more),
            )
            for goal in self.goals
        ]
        return math.ceil(max([1.0, *needed]))

    def decidable(self, times: float) -> bool:
        """Whether few enough cells can tell."""
        return self.cells_at(times) <= self.most_cells

    @property
    def most_cells(self) -> int:
        """So many cells may be taken together for a verdict."""
        return MOST_SHORT_CELLS if self.shrinks else MOST_CELLS

    def needs(self) -> str:
        """What a verdict on each of its goals takes, in words."""
        takes = {goal.spared: goal.label for goal in reversed(self.goals)}
        return ", ".join(
            f"{takes[spared]} takes {tasks_needed(spared):,.0f} tasks and "
            f"{math.ceil(seconds_needed(spared))} s"
            for spared in sorted(takes)
        )

    def least_seconds(self) -> int | None:
        """How long the load would have to last, as dense as it is; None where that is not known."""
        if not self.seconds or not all(goal.tasks for goal in self.goals):
            return None
        seconds = [1.0]
        for goal in self.goals:
            # The inverse of _at_least.
            tasks = (1 + math.sqrt(1 + tasks_needed(goal.spared) / self.most_cells)) ** 2
            seconds.append(self.seconds * tasks / goal.tasks)
            seconds.append(seconds_needed(goal.spared) / self.most_cells)
        return math.ceil(max(seconds))


def seconds_needed(spared: int) -> float:
    """The seconds below which a load with no late task at all stays unclear."""
    return max(BATCHES, 100 * UNSEEN_SHARE * most_expected(0) / spared)


def tasks_needed(spared: int) -> float:
    """The tasks below which a load stays unclear: so few may be late."""
    return 100 * BEYOND / spared


def _at_least(tasks: float) -> float:
    """What a draw of so many tasks on average hardly falls short of, and above 0."""
    return max(1.0, tasks - 2 * math.sqrt(tasks))
