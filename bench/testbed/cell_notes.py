"""What is written down of a live cell as it goes, and stored when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.base import Held
from bench.model.cell_log import (
    CellLog,
    FirstError,
    Injection,
    ManualRecovery,
    Phase,
    Restart,
    held_ranges,
)
from bench.model.manifest import ServerRecord
from bench.record.first_errors import first_errors
from bench.workload.workload_form import Workload


@dataclass
class CellNotes:
    """The cell log in the making. `held` is None as long as it has not been found out."""

    server: ServerRecord
    generators: int
    phases: list[Phase] = field(default_factory=list)
    marks: dict[str, int | float] = field(default_factory=dict)
    injections: list[Injection] = field(default_factory=list)
    held: Mapping[int, Held] | None = None
    sentences: list[str] = field(default_factory=list)
    torn_records: int = 0
    manual_recovery: ManualRecovery | None = None
    workload: Workload | None = None
    first_errors: Mapping[str, FirstError] = field(default_factory=dict)

    def ran(self, workload: Workload, work: Path) -> None:
        """Keep the workload of the cell, and what its tasks raised, from the work folder."""
        self.workload = workload
        self.first_errors = first_errors(work, workload.names)

    def log(
        self,
        restarts: tuple[Restart, ...],
        versions: Mapping[str, str],
        kept_every: int,
        left_out: int,
    ) -> CellLog:
        """What is stored of the cell, now that it is over."""
        return CellLog(
            phases=tuple(self.phases),
            marks=self.marks,
            injections=tuple(self.injections),
            held=held_ranges(self.held),
            generators=self.generators,
            kept_every=kept_every,
            left_out=left_out,
            notes=tuple(self.sentences),
            torn_records=self.torn_records,
            server=self.server,
            restarts=restarts,
            versions=versions,
            manual_recovery=self.manual_recovery,
            workload=self.workload,
            first_errors=self.first_errors,
        )
