"""One measure of every arm, for what ranks them all: no arm stands there by another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class ArmRate(NamedTuple):
    """Tasks per second of an arm, None where it was not measured."""

    rate: float | None
    arm: str
    broker: str
    guarantee: str


@dataclass(frozen=True)
class ArmRates:
    """What ranks the arms.

    `what` says in words how those rates came about, `command` measures them: it lacks the arms.
    """

    what: str
    command: str
    arms: Sequence[ArmRate]
