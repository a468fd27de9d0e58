"""The run folder: written as the run goes, read back for every figure, refused when damaged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from adapters.base import Held
from bench.base.errors import UsageError
from bench.base.typed import typed
from bench.model.cell_log import CellLog, CellSpec, held_places
from bench.model.manifest import CellLine, Manifest
from bench.record.documents import read_json, read_parquet, write_json, write_parquet
from bench.record.stored_counts import Both, read_counts
from bench.record.stored_curves import Curves, read_curves

# 4: measures.csv names the cell of each row and whether it stands; tables know task types and
# hosts; injections instead of faults. DESIGN.md calls it 2; 0.1 had counted to 3 by then.
FORMAT = 4
# `stands` is 1 where the cell is the one of its tries that counts, else 0; which one that is can
# change until the run is over. `occasion` and `part` are empty outside of a campaign.
MEASURE_COLUMNS = [
    *("run", "cell", "stands", "occasion", "scenario", "case", "part", "arm", "system", "profile"),
    *("broker", "variant", "block", "metric", "value", "unit", "better", "verdict", "reason"),
]
COMPARISON_COLUMNS = [
    *("scenario", "case", "metric", "base", "head", "ratio", "low", "high"),
    *("method", "blocks", "smallest_detectable", "verdict"),
]
CELL_FILES = ("cell.json", "phases.json", "tasks.parquet", "runs.parquet", "samples.parquet")
TEXTS = ("occasion", "case", "part", "arm", "variant", "reason")
# What is written of a table: each column by its name.
Columns = Mapping[str, npt.NDArray[np.int64] | pa.Array]
AGAIN = "take it again with `bench run --resume`"


@dataclass(frozen=True)
class StoredCell:
    """One measured cell as it lies on disk: all that a measure may look at."""

    folder: Path

    @property
    def has_events(self) -> bool:
        """Whether its raw events are there: a slim run keeps those of few cells."""
        return (self.folder / "tasks.parquet").is_file()

    @cached_property
    def spec(self) -> CellSpec:
        """cell.json: what was asked for."""
        return CellSpec.of(read_json(self.folder / "cell.json"), f"{self.folder}/cell.json", AGAIN)

    @cached_property
    def log(self) -> CellLog:
        """phases.json: what happened in the cell."""
        return CellLog.of(
            read_json(self.folder / "phases.json"), f"{self.folder}/phases.json", AGAIN
        )

    @cached_property
    def held(self) -> Mapping[int, Held] | None:
        """Task id → where the broker held it, of the unfinished; None if it cannot be told."""
        return held_places(self.log.held)

    def tasks(self, column: str) -> pa.ChunkedArray:
        """One column of tasks.parquet, (planned tasks,).

        The columns are task, type, due_ns, sent_ns, returned_ns, enqueue and error.
        """
        return read_parquet(self.folder / "tasks.parquet", [column])[column]

    def runs(self, column: str) -> pa.ChunkedArray:
        """One column of runs.parquet, (runs of tasks,).

        The columns are task, host, pid, parent, thread, started_ns, finished_ns and import_us; of
        a workload also raised_ns.
        """
        return read_parquet(self.folder / "runs.parquet", [column])[column]

    @cached_property
    def counts(self) -> Mapping[str, Both] | None:
        """How long everything took, of a cell too large for its events; None of any other."""
        return read_counts(self.folder)

    @cached_property
    def samples(self) -> pd.DataFrame:
        """samples.parquet: resources over time, one row per sample, `ns` ascending.

        The columns are `host` ("", all hosts together) and those of
        bench.testbed.sampler.COLUMNS.
        """
        return self._samples[self._samples["host"] == ""].reset_index(drop=True)

    @cached_property
    def host_samples(self) -> pd.DataFrame:
        """The same of each host by itself, where a cell ran on several."""
        return self._samples[self._samples["host"] != ""].reset_index(drop=True)

    @cached_property
    def _samples(self) -> pd.DataFrame:
        frame = pd.DataFrame(read_parquet(self.folder / "samples.parquet").to_pandas())
        return frame if "host" in frame else frame.assign(host="")

    def phase(self, name: str) -> tuple[int, int]:
        """(start_ns, end_ns) of a phase; KeyError if the cell never came to it."""
        phase = self.log.phase(name)
        return phase.start_ns, phase.end_ns


@dataclass(frozen=True)
class Run:
    """A run folder opened for reading: its path and its run.json."""

    path: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        return self.manifest.run

    @property
    def slim(self) -> bool:
        """Whether it was exported without the raw events of all its cells, or of most."""
        return self.manifest.slim

    @cached_property
    def curves(self) -> Mapping[int, Curves]:
        """What charts draw of the cells of a slim run; empty for a whole one."""
        return read_curves(self.path)

    def measured(self) -> Iterator[tuple[CellLine, StoredCell]]:
        """Every cell that was carried out and has its files, with its line of run.json."""
        for line in self.manifest.cells:
            cell = self.cell(line.number)
            if line.state == "done" and not (self.slim and not cell.folder.is_dir()):
                yield line, cell

    def cell(self, number: int) -> StoredCell:
        return StoredCell(cell_folder(self.path, number))

    @cached_property
    def measures(self) -> pd.DataFrame:
        """measures.csv, one row per measure; UsageError if it is damaged."""
        path = self.path / "measures.csv"
        try:
            frame = pd.read_csv(
                path.absolute(),  # a name that begins with `~` is a name
                dtype=dict.fromkeys(TEXTS, str),
                keep_default_na=False,
                na_values={"value": [""]},
                encoding="utf-8-sig",
            )
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path} is missing or damaged ({type(error).__name__}): {self._repair}"
            ) from None
        if list(frame.columns) != MEASURE_COLUMNS:
            raise UsageError(f"{path} has other columns than this version writes: {self._repair}")
        whole = all(pd.api.types.is_integer_dtype(frame[name]) for name in ("cell", "block"))
        if not frame.empty and not (whole and pd.api.types.is_numeric_dtype(frame["value"])):
            raise UsageError(
                f"{path} is damaged (a value, cell or block that is no number): {self._repair}"
            )
        return frame

    @property
    def standing(self) -> pd.DataFrame:
        """The measures of whole cells that stand: without those that were measured once more, and
        without those of their parts."""
        return self.measures[(self.measures["stands"] == 1) & (self.measures["part"] == "")]

    @property
    def _repair(self) -> str:
        return (
            "export it again from the whole run" if self.slim else "`bench measure` makes it anew"
        )


def cell_folder(run: Path, number: int) -> Path:
    """cells/007 of a run folder, for cell 7."""
    return run / "cells" / f"{number:03d}"


def open_run(path: Path) -> Run:
    """Open a stored run; UsageError if it is none, of another format, or damaged."""
    if not (path / "run.json").is_file():
        raise UsageError(
            f"{path} is not a run folder (no run.json): name a folder under results/, "
            "`bench list --runs` shows them"
        )
    document = read_json(path / "run.json")
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise UsageError(f"{path}/run.json is damaged: it has no format version")
    if document["format"] != FORMAT:
        age = "newer" if document["format"] > FORMAT else "older"
        raise UsageError(
            f"{path} has the {age} format {document['format']}, this bench reads {FORMAT}: "
            "use the version of bench that wrote it"
        )
    run = Run(path, Manifest.of(document, f"{path}/run.json", "take another run folder"))
    _refuse_damaged(run)
    return run


def _refuse_damaged(run: Run) -> None:
    """A slim run has its measures, any other the files of every cell that was measured."""
    if run.slim and len(run.measures.columns):
        return
    for _, cell in run.measured():
        lacking = [name for name in CELL_FILES if not (cell.folder / name).is_file()]
        if lacking:
            raise UsageError(
                f"{cell.folder} is damaged: it lacks {', '.join(lacking)}; "
                f"take the missing cells again with `bench run --resume {typed(run.path)}`"
            )


def write_manifest(folder: Path, manifest: Manifest, compact: bool = False) -> None:
    """Store run.json, whole or not at all."""
    write_json(folder / "run.json", manifest.as_json(), compact)


def write_cell(
    folder: Path, log: CellLog, tasks: Columns, runs: Columns, samples: pd.DataFrame
) -> None:
    """Store what a cell left behind; phases.json last, so that it marks a complete cell."""
    for name, table in (("tasks", tasks), ("runs", runs)):
        arrays = {column: pa.array(values, from_pandas=False) for column, values in table.items()}
        write_parquet(folder / f"{name}.parquet", pa.table(arrays))
    write_parquet(folder / "samples.parquet", pa.Table.from_pandas(samples, preserve_index=False))
    write_json(folder / "phases.json", log.as_json(), compact=True)
