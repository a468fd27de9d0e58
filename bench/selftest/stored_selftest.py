"""A selftest on disk: written once, found again by the runs of the same machine and version."""

from pathlib import Path

from bench.base.errors import UsageError
from bench.base.version import VERSION
from bench.model.machine_facts import differs
from bench.model.manifest import MachineRecord, Manifest
from bench.model.stored import Record
from bench.record import documents
from bench.selftest.expectations import SelftestLine

FILE = "selftest.json"


class StoredSelftest(Record, extra="ignore"):
    """A whole selftest; `created` is in UTC. What a line's verdict is follows from the line."""

    format: int
    created: str
    seconds: int
    bench_version: str
    quick: bool
    noise_blocks: int
    machine: MachineRecord
    passed: bool
    lines: tuple[SelftestLine, ...]


def newest(results: Path, here: MachineRecord) -> StoredSelftest | None:
    """The newest selftest under a folder that is of this machine and version, or None.

    A damaged one is passed over.
    """
    candidates = []
    for path in results.glob(f"**/{FILE}"):
        try:
            stored = StoredSelftest.of(documents.read_json(path), str(path), "bench selftest")
        except UsageError:
            continue
        if stored.bench_version == VERSION and not differs(stored.machine, here):
            candidates.append(stored)
    return max(candidates, key=lambda stored: stored.created, default=None)


def attached(begun: Manifest, run: Path, results: Path = Path("results")) -> Manifest:
    """Copy the newest selftest of this machine and version into a run that begins.

    The run's manifest with it; where there is none, with a warning that says so.
    """
    stored = newest(results, begun.machine)
    if stored is None:
        warning = "no selftest of this machine and version is stored: `bench selftest` makes one"
        return begun.model_copy(update={"warnings": (*begun.warnings, warning)})
    documents.write_json(run / FILE, stored.as_json())
    return begun.model_copy(update={"selftest": stored.as_json()})
