"""What one cell is, and what is stored of it before it has run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.model.arm import Arm, packages_of
from bench.model.cell_log import CellSpec
from bench.model.manifest import CellLine

Params = Mapping[str, float]
"""What a scenario asks of a cell: counts, seconds, tasks per second, switches."""


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
    params: Params = field(default_factory=dict)
    passed: tuple[str, ...] = ()  # variables of the user's that its processes get

    @property
    def label(self) -> str:
        """Scenario, case and arm in one line, for messages."""
        case = "" if self.case == "-" else f" {self.case}"
        return f"{self.scenario}{case} {self.arm.name}"

    def spec(self) -> CellSpec:
        """What cell.json holds: all that the cell's processes must know, and no password."""
        return CellSpec(
            number=self.number,
            scenario=self.scenario,
            case=self.case,
            arm=self.arm.name,
            block=self.block,
            system=self.arm.adapter.name,
            profile=self.arm.profile.name,
            broker=self.arm.broker,
            variant=self.arm.variant,
            guarantee=self.arm.profile.guarantee,
            slot=self.arm.profile.slot,
            slots=self.slots,
            seed=self.seed,
            settings=self.arm.settings,
            app=self.arm.adapter.app,
            # redis-py uses hiredis wherever it finds it: a default arm that does has to say so.
            packages=tuple(dict.fromkeys(("redis", "hiredis", *packages_of(self.arm)))),
            params=self.params,
        )

    def line(self, retry_of: int | None = None) -> CellLine:
        """Its line in run.json before it has run."""
        return CellLine(
            number=self.number,
            scenario=self.scenario,
            case=self.case,
            arm=self.arm.name,
            block=self.block,
            retry_of=retry_of,
        )
