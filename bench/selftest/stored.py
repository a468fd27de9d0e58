"""A selftest on disk: written once, found again by the runs of the same machine and version."""

from pathlib import Path
from typing import Any

from bench.base.errors import UsageError
from bench.base.version import VERSION
from bench.model.machine_facts import SAME
from bench.record import documents

FILE = "selftest.json"


def newest(results: Path, here: dict[str, Any]) -> dict[str, Any] | None:
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


def _is_of(document: dict[str, Any], here: dict[str, Any]) -> bool:
    there = document.get("machine")
    return (
        document.get("bench_version") == VERSION
        and isinstance(there, dict)
        and all(there.get(key) == here.get(key) for key in SAME)
    )


def attach(info: dict[str, Any], run: Path, results: Path = Path("results")) -> None:
    """Copy the newest selftest of this machine and version into a run that begins.

    Where there is none, the run gets a warning that says so.
    """
    document = newest(results, info["machine"])
    if document is None:
        info["warnings"].append(
            "no selftest of this machine and version is stored: `bench selftest` makes one"
        )
        return
    documents.write_json(run / FILE, document)
    info["selftest"] = document
