"""Did a load hold its objective? Answered from a cell, or several of the same load, by seconds.

Lateness comes in spells: tasks that follow each other are late together. Taken one by one they
would make any interval far too narrow, so a second is the smallest unit here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.model.schedule import NS, Ints
from bench.workload.objective import BEYOND, Flags

BATCHES = 20  # little is gained by more than 30 (Schmeiser 1982)
T_19 = 2.0930  # Student's t with BATCHES - 1 degrees of freedom, 2.5 % beyond it
TAIL = 0.025
UNSEEN_SHARE = 0.1  # of the tasks of a second: at 1 % late, an M/M/1 queue has 15 % in late ones

Verdict = Literal["holds", "misses", "unclear"]


@dataclass(frozen=True, eq=False)
class SecondCounts:
    """How many tasks fell due in each second, and how many of these were late; (seconds,) each."""

    due: Ints
    late: Ints

    def missed(self, spared: int) -> int:
        """How many seconds had more than the spared per cent of their tasks late."""
        return int((100 * self.late > spared * self.due).sum())


def by_second(due_ns: Ints, late: Flags, seconds: float) -> SecondCounts:
    """Counts per second of due time; `due_ns` are (tasks,) offsets from where the load begins."""
    at = due_ns // NS
    size = max(math.ceil(seconds), int(at.max(initial=-1)) + 1)
    return SecondCounts(np.bincount(at, minlength=size), np.bincount(at[late], minlength=size))


@dataclass(frozen=True)
class Probe:
    """The share of late tasks with its interval, and what that says of the objective.

    `late_seconds` of `seconds` had a late task.
    """

    verdict: Verdict
    share: float
    low: float
    high: float
    tasks: int
    seconds: int
    late_seconds: int

    @property
    def unseen_s(self) -> float:
        """What makes tasks late less often than once in so many seconds may not have shown."""
        return self.seconds / most_expected(0)

    def sentence(self) -> str:
        """The verdict in words."""
        if not self.late_seconds:
            return (
                f"{self.verdict}: none of {self.tasks:,} tasks was late; what makes them late less "
                f"often than once in {self.unseen_s:.0f} s may not have shown"
            )
        return (
            f"{self.verdict}: {self.share:.2%} of {self.tasks:,} tasks were late ({self.low:.2%} "
            f"to {self.high:.2%} with what one cell cannot show), in {self.late_seconds} of "
            f"{self.seconds} s"
        )


def probe(cells: Sequence[SecondCounts], spared: int) -> Probe:
    """Whether at most `spared` per cent of the tasks are late, from all cells of the same load.

    The share of late tasks is a ratio of two sums over seconds (Cochran 1977, chapter 6). Its
    variance is taken between 20 batches of neighbouring seconds, for one second depends on the one
    before (batch means, Schmeiser 1982), its interval from Student's t with 19 degrees of freedom.
    Few late seconds make that too short above. It reaches at least as far as if there had been as
    many late seconds as Garwood's (1936) exact limit of a Poisson mean has, each further one as
    large as the largest, and a tenth of its tasks at least: so at 1 % a load of less than 37 s
    never holds. How often it errs on an M/M/1 queue is in decision 44.

    `holds` or `misses` where the interval lies on one side, else `unclear`; that too where there
    are less than 20 seconds, or less than 10 tasks may be late. With `spared` 0 one late task
    misses.
    """
    due = np.concatenate([each.due for each in cells])
    late = np.concatenate([each.late for each in cells])
    tasks, later, late_seconds = int(due.sum()), int(late.sum()), int((late > 0).sum())
    share = later / tasks if tasks else 0.0
    if not spared and tasks:
        verdict: Verdict = "misses" if later else "holds"
        return Probe(verdict, share, share, share, tasks, len(due), late_seconds)
    if len(due) < BATCHES or tasks * spared < 100 * BEYOND:
        return Probe("unclear", share, 0.0, 1.0, tasks, len(due), late_seconds)
    reach = T_19 * _standard_error(due, late, share)
    unseen = most_expected(late_seconds) - late_seconds
    largest = max(float(late.max()), UNSEEN_SHARE * tasks / len(due))
    low = max(share - reach, 0.0)
    high = min(share + max(reach, unseen * largest / tasks), 1.0)
    verdict = "misses" if 100 * low > spared else "holds" if 100 * high <= spared else "unclear"
    return Probe(verdict, share, low, high, tasks, len(due), late_seconds)


def _standard_error(due: Ints, late: Ints, share: float) -> float:
    """Of the ratio late ÷ due, from the sums of BATCHES batches."""
    batches = zip(np.array_split(due, BATCHES), np.array_split(late, BATCHES), strict=True)
    squares = sum(float(later.sum() - share * tasks.sum()) ** 2 for tasks, later in batches)
    return math.sqrt(BATCHES / (BATCHES - 1) * squares) / float(due.sum())


def most_expected(events: int) -> float:
    """The mean at which so few events, or fewer, come once in 40 times (Garwood 1936).

    Without scipy, which is not loaded while cells are measured.
    """
    low, high = float(events), events + 10 + 5 * math.sqrt(events + 1)
    for _ in range(60):
        middle = (low + high) / 2
        logs = (k * math.log(middle) - middle - math.lgamma(k + 1) for k in range(events + 1))
        low, high = (middle, high) if sum(map(math.exp, logs)) > TAIL else (low, middle)
    return high


def of_all(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on an objective of several goals: each must hold."""
    given = set(verdicts)
    return "misses" if "misses" in given else "unclear" if "unclear" in given else "holds"
