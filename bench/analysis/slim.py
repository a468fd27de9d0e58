"""`bench export --slim`: a run small enough to be kept beside code.

It has every number, and not the events behind them.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis import stored_measures
from bench.analysis.dataset import join
from bench.analysis.evidence import STORED, StoredEvidence, all_evidence
from bench.base.errors import UsageError
from bench.record import documents, store
from bench.record.store import Run

LIMIT_BYTES = 200 * 1024
EVENTS = "raw events, samples and logs of the cells"


@dataclass(frozen=True)
class Slim:
    """A run that was exported: its folder, its size and what it lacks."""

    path: Path
    bytes: int
    left_out: tuple[str, ...]


def export_slim(run: Run, out: Path) -> Slim:
    """Write the slim copy into a fresh folder.

    UsageError where that cannot be written, or the run is slim already.
    """
    if run.slim:
        raise UsageError(f"{run.path} is slim already: copy the folder")
    documents.fresh_folder(out)
    try:
        _numbers(run, out)
        left = [EVENTS, *(name for name, paths in _extras(run) if not _fits(run, out, paths))]
        _write_manifest(run, out, left)
    except OSError as error:
        shutil.rmtree(out, ignore_errors=True)
        raise UsageError(
            f"{out} cannot be written ({error.strerror}): free some space or choose another --out"
        ) from None
    return Slim(out, _size(out), tuple(left))


def _numbers(run: Run, out: Path) -> None:
    """Write what no slim run can be without: the measures, and the evidence of recovery."""
    _write_manifest(run, out, [])
    stored_measures.write_measures(Run(out, run.manifest), run.measures)
    cells = all_evidence(join([run])) if not run.measures.empty else []
    if cells:
        evidence = StoredEvidence(cells=tuple(cells))
        documents.write_json(out / STORED, evidence.as_json(), compact=True)


def _write_manifest(run: Run, out: Path, left: Sequence[str]) -> None:
    changes = {"slim": True, "left_out": tuple(left)}
    store.write_manifest(out, run.manifest.model_copy(update=changes), compact=True)


def _extras(run: Run) -> list[tuple[str, list[Path]]]:
    """What is kept if there is room, the more useful first; each is kept whole or not at all."""
    cells = [store.cell_folder(run.path, line.number) for line in run.manifest.cells]
    groups = [
        ("comparisons.csv", [run.path / "comparisons.csv"]),
        ("selftest.json", [run.path / "selftest.json"]),
    ]
    groups += [
        (f"{name} of the cells", [folder / name for folder in cells])
        for name in ("cell.json", "phases.json")
    ]
    there = [(name, [path for path in paths if path.is_file()]) for name, paths in groups]
    return [(name, paths) for name, paths in there if paths]


def _fits(run: Run, out: Path, paths: Sequence[Path]) -> bool:
    """Copy files, or return False where the copy would grow beyond the limit.

    Room is kept for the list of what is left out.
    """
    if _size(out) + sum(path.stat().st_size for path in paths) > LIMIT_BYTES - 1024:
        return False
    for path in paths:
        target = out / path.relative_to(run.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return True


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
