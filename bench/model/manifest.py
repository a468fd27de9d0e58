"""run.json: what a run was asked for, where it was measured, and how each cell went."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from adapters.base import Prediction
from bench.model.environment import Checkout, Moved, Package
from bench.model.metric import Verdict
from bench.model.stored import Json, Record
from bench.workload.workload_record import WorkloadRecord

State = Literal["planned", "done", "failed", "skipped"]


class PlanRecord(Record):
    """What decided which cells there are."""

    scenarios: tuple[str, ...]
    arms: tuple[str, ...]
    cases: tuple[str, ...] = ()
    size: str
    tasks: int | None = None
    blocks: int
    workers: int
    time_cap_s: float
    minutes: float | None = None
    base: str = ""
    until: Mapping[str, int] = Field(default_factory=dict)
    passed: tuple[str, ...] = ()
    workload: WorkloadRecord | None = None
    hosts: str = ""


class SettingRecord(Record):
    """One setting of an arm, and the page that documents it."""

    name: str
    value: JsonValue
    source: str
    why: str


class EnvironmentRecord(Record):
    """The environment that was made for an arm; no folder, no address."""

    requirements: tuple[str, ...]
    digest: str
    packages: tuple[Package, ...]
    checkouts: tuple[Checkout, ...] = ()
    moved: tuple[Moved, ...] = ()


class ArmRecord(Record):
    """An arm as it was measured."""

    arm: str
    system: str
    profile: str
    broker: str
    variant: str
    guarantee: str
    results: bool
    summary: str
    command: tuple[str, ...]
    settings: tuple[SettingRecord, ...]
    predicts: Mapping[str, Prediction]
    environment: EnvironmentRecord | None = None


class PlacedCell(Record):
    """A cell by its number and its place in the plan."""

    number: int
    scenario: str
    case: str
    arm: str
    block: int

    @property
    def place(self) -> tuple[str, str, str, int]:
        """What it is whatever its number: scenario, case, arm and block."""
        return self.scenario, self.case, self.arm, self.block


class CellLine(PlacedCell):
    """A cell: what was planned, and how it went. `retry_of` is the number of its first try."""

    state: State = "planned"
    verdict: Verdict | Literal[""] = ""
    reason: str = ""
    seconds: float | None = None
    retry_of: int | None = None

    @property
    def first(self) -> int:
        """The number of the first try of this cell."""
        return self.retry_of or self.number


class MachineRecord(Record):
    """The machine that measured; no host name, no user, no path."""

    cpu: str
    cores: int
    cores_online: int
    cpu_quota_cores: float | None = None
    governor: str
    memory_bytes: int
    memory_limit_bytes: int | None = None
    swap_bytes: int
    swap_used_bytes: int
    kernel: str
    architecture: str
    distribution: str
    python: str
    virtual: str
    container: str
    steal_share: float
    load_1min: float
    boot_id: str
    packages_beyond: tuple[str, ...] = ()


class ServerRecord(Record):
    """The broker's server as it was started, or found by its URL."""

    name: str
    version: str
    origin: str


class CalibrationRecord(Record):
    """Rough rates of an arm, and how long it took to find them."""

    tasks_per_s: float
    enqueue_per_s: float
    seconds: float


class ScenarioVersions(Record):
    """The two versions of a scenario."""

    drive: int
    measure: int


class CodeRecord(Record):
    """The versions of all that makes the numbers."""

    recording: int
    scenarios: Mapping[str, ScenarioVersions]
    adapters: Mapping[str, int]


class VariablesRecord(Record):
    """Names of the user's variables: handed on, and left out though a system would read them."""

    passed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class HostRecord(Record):
    """What a host of a run is: found by its role, and nothing that names it."""

    role: str
    boot_id: str
    clock: str
    cores: int
    memory_bytes: int
    arch: str
    kernel: str
    python: str


class Manifest(Record):
    """run.json. `code` is None for what 0.1 measured, which counted no versions."""

    format: int
    run: str
    label: str = ""
    created: str
    bench_version: str
    commit: str
    dirty: bool
    code: CodeRecord | None = None
    plan: PlanRecord
    seed: int
    arms: Mapping[str, ArmRecord]
    cells: tuple[CellLine, ...]
    machine: MachineRecord
    hosts: tuple[HostRecord, ...] = ()
    boot_id: str
    given: tuple[str, ...] = ()
    variables: VariablesRecord = VariablesRecord()
    brokers: Mapping[str, ServerRecord] = Field(default_factory=dict)
    versions: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    calibration: Mapping[str, CalibrationRecord] = Field(default_factory=dict)
    selftest: Json | None = None
    warnings: tuple[str, ...] = ()
    slim: bool = False
    left_out: tuple[str, ...] = ()

    def cell(self, number: int) -> CellLine:
        """The line of that cell; KeyError if there is none."""
        return {line.number: line for line in self.cells}[number]

    def standing(self) -> frozenset[int]:
        """The numbers of the cells that stand: of several tries the last that is not invalid.

        Where all are, the last one stands. The choice looks at no value.
        """
        # The invalid ones first, so that any other of the same cell takes their place.
        ordered = sorted(self.cells, key=lambda line: line.verdict != "invalid")
        last = {line.first: line.number for line in ordered if line.state != "planned"}
        return frozenset(last.values())
