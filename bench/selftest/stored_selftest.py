"""A selftest on disk: written once, found again by the runs of the same machine and version."""

from pathlib import Path

from bench.base.errors import UsageError
from bench.base.version import VERSION
from bench.model.machine_facts import SAME
from bench.model.manifest import MachineRecord, Manifest
from bench.model.stored import Json
from bench.record import documents

FILE = "selftest.json"


def newest(results: Path, here: MachineRecord) -> Json | None:
    """The newest selftest under a folder that is of this machine and version, or None.

    A damaged one is passed over.
    """
    candidates = []
    for path in results.glob(f"**/{FILE}"):
        try:
            document = documents.read_json(path)
        except UsageError:
            continue
        if isinstance(document, dict) and _is_of(document, here):
            candidates.append(document)
    return max(candidates, key=lambda document: str(document["created"]), default=None)


def _is_of(document: Json, here: MachineRecord) -> bool:
    there = document.get("machine")
    return (
        document.get("bench_version") == VERSION
        and isinstance(there, dict)
        and all(there.get(name) == getattr(here, name) for name in SAME)
    )


def attached(begun: Manifest, run: Path, results: Path = Path("results")) -> Manifest:
    """Copy the newest selftest of this machine and version into a run that begins.

    The run's manifest with it; where there is none, with a warning that says so.
    """
    document = newest(results, begun.machine)
    if document is None:
        warning = "no selftest of this machine and version is stored: `bench selftest` makes one"
        return begun.model_copy(update={"warnings": (*begun.warnings, warning)})
    documents.write_json(run / FILE, document)
    return begun.model_copy(update={"selftest": document})
