"""`bench export --slim`: a run small enough to be kept beside code.

It has every number and what charts draw, and not the events behind them.
"""

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis import stored_measures
from bench.analysis.dataset import join
from bench.analysis.drawn import all_curves
from bench.analysis.evidence import STORED, StoredEvidence, all_evidence
from bench.analysis.formatting import listing
from bench.analysis.workload_searches import STORED as SEARCH
from bench.base.errors import UsageError
from bench.record import documents, store, stored_curves
from bench.record.store import CELL_FILES, Run

LIMIT_BYTES = 256 * 1024
EVENTS = "raw events, samples and logs of the cells"
CURVES = "curves.parquet, what charts draw"


@dataclass(frozen=True)
class Slim:
    """A run that was exported: its folder, its size and what it lacks."""

    path: Path
    bytes: int
    left_out: tuple[str, ...]


def export_slim(run: Run, out: Path, events_of: Collection[int] = ()) -> Slim:
    """Write the slim copy into a fresh folder.

    The cells named in `events_of` stay whole, so that they can be measured again; with them the
    copy has no limit. UsageError where it cannot be written, a cell is not there, or the run is
    slim already.
    """
    if run.slim:
        raise UsageError(f"{run.path} is slim already: copy the folder")
    there = {line.number for line, _ in run.measured()}
    if not there.issuperset(events_of):
        raise UsageError(
            f"{run.path} has no files of cell {min(set(events_of) - there)}: "
            "run.json lists its cells under `cells`"
        )
    limit = None if events_of else LIMIT_BYTES
    documents.fresh_folder(out)
    try:
        _numbers(run, out)
        kept = f" but {listing([f'{number:03d}' for number in events_of])}" if events_of else ""
        left = [EVENTS + kept]
        stored_curves.write_curves(out, all_curves(run))
        if limit and _size(out) > limit:
            (out / stored_curves.STORED).unlink()
            left.append(CURVES)
        left += [name for name, paths in _extras(run) if not _fits(run, out, paths, limit)]
        for number in events_of:
            folder = store.cell_folder(run.path, number)
            _copy(run, out, [path for path in folder.iterdir() if path.name in CELL_FILES])
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
        (SEARCH, [run.path / SEARCH]),
    ]
    groups += [
        (f"{name} of the cells", [folder / name for folder in cells])
        for name in ("cell.json", "phases.json")
    ]
    there = [(name, [path for path in paths if path.is_file()]) for name, paths in groups]
    return [(name, paths) for name, paths in there if paths]


def _fits(run: Run, out: Path, paths: Sequence[Path], limit: int | None) -> bool:
    """Copy files, or return False where the copy would grow beyond the limit.

    Room is kept for the list of what is left out.
    """
    if limit and _size(out) + sum(path.stat().st_size for path in paths) > limit - 1024:
        return False
    _copy(run, out, paths)
    return True


def _copy(run: Run, out: Path, paths: Iterable[Path]) -> None:
    for path in paths:
        target = out / path.relative_to(run.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
