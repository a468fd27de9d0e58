"""What one cell is, and the JSON that its processes are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.model.arm import Arm, packages_of


@dataclass(frozen=True)
class Cell:
    """Scenario × case × arm × block, with all that its processes must know."""

    number: int
    scenario: str
    case: str
    arm: Arm
    block: int
    slots: int
    seed: int
    params: Mapping[str, Any] = field(default_factory=dict)
    passed: tuple[str, ...] = ()  # variables of the user's that its processes get

    @property
    def label(self) -> str:
        """Scenario, case and arm in one line, for messages."""
        case = "" if self.case == "-" else f" {self.case}"
        return f"{self.scenario}{case} {self.arm.name}"

    def spec(self) -> dict[str, Any]:
        """What cell.json holds: all that the cell's processes must know, and no password."""
        return {
            "number": self.number,
            "scenario": self.scenario,
            "case": self.case,
            "arm": self.arm.name,
            "block": self.block,
            "system": self.arm.adapter.name,
            "profile": self.arm.profile.name,
            "broker": self.arm.broker,
            "variant": self.arm.variant,
            "guarantee": self.arm.profile.guarantee,
            "slot": self.arm.profile.slot,
            "slots": self.slots,
            "seed": self.seed,
            "settings": self.arm.settings,
            "app": self.arm.adapter.app,
            "packages": list(dict.fromkeys(("redis", *packages_of(self.arm)))),
            "params": dict(self.params),
        }
