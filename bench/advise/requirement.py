"""One requirement and what is known of it; where nothing is, how to measure it.

The page's form runs this module too, translated: see `bench.advise.javascript` for what may stand
here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.advise.asked import Asked
from bench.advise.known import ArmFacts, BacklogPoint, Known

CAPACITY: Final = "latency --case capacity"


@dataclass(frozen=True)
class Check:
    """One requirement and what is known: `met` is None where nothing is known.

    `headroom`: how many times over it is met, where that can be said.
    """

    requirement: str
    met: bool | None
    text: str
    headroom: float | None = None


def unknown(requirement: str, why: str, command: str, workers: int, arms: Sequence[str]) -> Check:
    """Not known, and the line to type that measures it as it was measured of the others."""
    names = " ".join([f"--arm {name}" for name in arms])
    how = f"`{measuring(command, workers)} {names}`"
    return Check(requirement, None, f"not known, {why}: measure it with {how}")


def measuring(command: str, workers: int) -> str:
    """The line to type, but for the arms. `command`: scenario and cases."""
    return f"bench run {command} --workers {workers}"


def burst(tasks: int | None) -> str:
    """What measures a backlog of so many tasks."""
    return "burst" if tasks is None else f"burst --tasks {tasks}"


def work(kind: str) -> str:
    """What measures tasks that wait (`io`) or compute (`cpu`)."""
    return "work --case cpu" if kind == "cpu" else "work --case sleep"


def is_worked(asked: Asked, known: Known) -> bool:
    """Whether such tasks were measured of any arm: then they are asked of every arm."""
    return any(each["work"][asked.kind] for each in known["arms"])


def at_backlog(tasks: int | None, arm: ArmFacts) -> list[BacklogPoint]:
    """What the arm showed of a backlog of so many tasks: one point or none."""
    return [point for point in arm["backlogs"] if point["tasks"] == tasks]
