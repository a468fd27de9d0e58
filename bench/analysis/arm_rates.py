"""One measure of every arm, for what ranks them all: no arm stands there by another one."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ArmRates:
    """`arms`: (tasks per second, None where it was not measured; the arm; its broker).

    `what` says in words how those rates came about, `command` measures them: it lacks the arms.
    """

    what: str
    command: str
    arms: Sequence[tuple[float | None, str, str]]
