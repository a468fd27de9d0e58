"""What one cell is, and what is stored of it before it has run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.base import TakesWorkloads
from bench.base.errors import UsageError
from bench.model.arm import Arm, packages_of
from bench.model.cell_log import CellSpec
from bench.model.manifest import CellLine
from bench.workload.workload_file import WorkloadFile

Params = Mapping[str, float]
"""What a scenario asks of a cell: counts, seconds, tasks per second, switches."""


@dataclass(frozen=True)
class Cell:
    """Scenario × case × arm × block, with all that its processes must know.

    `workload` is the load of a cell that runs one from a file.
    """

    number: int
    scenario: str
    case: str
    arm: Arm
    block: int
    slots: int
    seed: int
    params: Params = field(default_factory=dict)
    passed: tuple[str, ...] = ()  # variables of the user's that its processes get
    workload: WorkloadFile | None = None

    @property
    def label(self) -> str:
        """Scenario, case and arm in one line, for messages."""
        case = "" if self.case == "-" else f" {self.case}"
        return f"{self.scenario}{case} {self.arm.name}"

    @property
    def app(self) -> str:
        """The module that its processes import: the system's no-op tasks, or those of a workload.

        UsageError where the system has none of the latter.
        """
        adapter = self.arm.adapter
        if self.workload is None:
            return adapter.app
        if not isinstance(adapter, TakesWorkloads):
            raise UsageError(f"{adapter.name} takes no workload: leave {self.arm.name} out")
        return adapter.workload_app

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
            app=self.app,
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
