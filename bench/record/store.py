"""The run folder: written as the run goes, read back for every figure, refused when damaged."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.base.errors import UsageError
from bench.record import task_ranges

pa.set_memory_pool(pa.system_memory_pool())
# 2: `held` in phases.json is stored by place and range of ids.
# 3: phases.json has several faults, run.json several brokers.
FORMAT = 3
LOG_HEAD, LOG_TAIL = 8_000, 24_000
MEASURE_COLUMNS = [
    "run",
    "scenario",
    "case",
    "arm",
    "system",
    "profile",
    "broker",
    "variant",
    "block",
    "metric",
]
MEASURE_COLUMNS += ["value", "unit", "better", "verdict", "reason"]
COMPARISON_COLUMNS = ["scenario", "case", "metric", "base", "head", "ratio", "low", "high"]
COMPARISON_COLUMNS += ["blocks", "smallest_detectable", "verdict"]
CELL_FILES = ("cell.json", "phases.json", "tasks.parquet", "runs.parquet", "samples.parquet")


def fresh_folder(folder: Path) -> None:
    """Make a folder that was not there; UsageError in one line if that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=False)
    except FileExistsError:
        raise UsageError(f"{folder} is there already: choose another --out") from None
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written ({error.strerror}): choose another --out"
        ) from None


def write_json(path: Path, value: Any, compact: bool = False) -> None:
    """Write a whole JSON file or none: a reader never sees half of it.

    `compact` gives each name of the document one line.
    """
    part = path.with_name(path.name + ".part")
    if compact:
        lines = ",\n".join(
            f"{json.dumps(name)}: {json.dumps(inner, ensure_ascii=False)}"
            for name, inner in value.items()
        )
        text = "{" + lines + "}\n"
    else:
        text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    # A file name that is no UTF-8 has halves of a pair: as JSON's own escape they come back.
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    os.replace(part, path)


def read_json(path: Path) -> Any:
    """The JSON in a file of a run folder; UsageError if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} is missing or damaged ({type(error).__name__}): "
            "take another run folder, or measure again"
        ) from None


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write one table, compressed; integers that only grow pack well as deltas.

    No statistics: they only help a reader who skips rows, and would be half of a small file.
    """
    part = path.with_name(path.name + ".part")
    ints = [f.name for f in table.schema if pa.types.is_integer(f.type)]
    rest = [f.name for f in table.schema if not pa.types.is_integer(f.type)]
    packed = {name: "DELTA_BINARY_PACKED" for name in ints}
    bare = table.replace_schema_metadata(None)
    # A file and not its path, which Arrow takes for UTF-8 whatever the locale.
    with open(part, "wb") as file:
        pq.write_table(
            bare,
            file,
            compression="zstd",
            compression_level=9,
            use_dictionary=rest,
            column_encoding=packed,
            write_statistics=False,
        )
    os.replace(part, path)


@dataclass(frozen=True)
class StoredCell:
    """One measured cell as it lies on disk: all that a measure may look at."""

    folder: Path

    @cached_property
    def spec(self) -> dict[str, Any]:
        """cell.json: what was asked for."""
        return dict(read_json(self.folder / "cell.json"))

    @cached_property
    def journal(self) -> dict[str, Any]:
        """phases.json: phases, marks, fault, what the broker still held, notes."""
        stored = dict(read_json(self.folder / "phases.json"))
        return stored | {"held": task_ranges.unpacked(stored["held"])}

    def tasks(self, column: str) -> pa.ChunkedArray:
        """One column of tasks.parquet, (planned tasks,).

        The columns are task, due_ns, sent_ns, returned_ns, enqueue and error.
        """
        return self._table("tasks.parquet", [column])[column]

    def runs(self, column: str) -> pa.ChunkedArray:
        """One column of runs.parquet, (runs of tasks,).

        The columns are task, pid, parent, thread, started_ns, finished_ns and import_us.
        """
        return self._table("runs.parquet", [column])[column]

    @cached_property
    def samples(self) -> pd.DataFrame:
        """samples.parquet: resources over time, one row per sample, `ns` ascending.

        The columns are those of bench.testbed.sampler.COLUMNS.
        """
        return pd.DataFrame(self._table("samples.parquet").to_pandas())

    def _table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        try:
            # One thread and the plain allocator: what is freed goes back, and a reader costs no
            # more than its columns.
            with open(self.folder / name, "rb") as file:
                return pq.read_table(file, columns=columns, use_threads=False, pre_buffer=False)
        except (OSError, pa.ArrowException) as error:
            raise UsageError(
                f"{self.folder / name} is missing or damaged ({type(error).__name__}): "
                "measure this cell again with --resume"
            ) from None

    def phase(self, name: str) -> tuple[int, int]:
        """(start_ns, end_ns) of a phase; KeyError if the cell never came to it."""
        for phase in self.journal["phases"]:
            if phase["name"] == name:
                return int(phase["start_ns"]), int(phase["end_ns"])
        raise KeyError(name)


@dataclass(frozen=True)
class Run:
    """A run folder opened for reading: its path and its run.json."""

    path: Path
    info: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.info["run"])

    @property
    def slim(self) -> bool:
        """Whether it was exported without its raw events."""
        return bool(self.info.get("slim", False))

    def measured(self) -> Iterable[tuple[dict[str, Any], StoredCell]]:
        """Every cell that has its files, with its line of run.json."""
        for line in self.info["cells"]:
            if line["state"] == "done":
                yield line, self.cell(int(line["number"]))

    def cell(self, number: int) -> StoredCell:
        return StoredCell(cell_folder(self.path, number))

    @cached_property
    def measures(self) -> pd.DataFrame:
        """measures.csv, one row per measure."""
        path = self.path / "measures.csv"
        try:
            frame = pd.read_csv(
                path.absolute(),  # a name that begins with `~` is a name
                dtype={"variant": str, "reason": str, "case": str, "arm": str},
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
        if (
            not (
                pd.api.types.is_numeric_dtype(frame["value"])
                and pd.api.types.is_integer_dtype(frame["block"])
            )
            and not frame.empty
        ):
            raise UsageError(
                f"{path} is damaged (a value or a block that is no number): {self._repair}"
            )
        return frame

    @property
    def _repair(self) -> str:
        return (
            "export it again from the whole run" if self.slim else "`bench measure` makes it anew"
        )


def trim_logs(folder: Path) -> None:
    """Keep the beginning and the end of each log.

    A library that logs four lines a task writes 40 MB in a burst.
    """
    for log in folder.glob("*.log"):
        size = log.stat().st_size
        if size <= LOG_HEAD + LOG_TAIL:
            continue
        with open(log, "rb") as file:
            head = file.read(LOG_HEAD)
            file.seek(size - LOG_TAIL)
            tail = file.read()
        log.write_bytes(
            head + f"\n… {size - LOG_HEAD - LOG_TAIL} bytes left out …\n".encode() + tail
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
    info = read_json(path / "run.json")
    if not isinstance(info, dict) or "format" not in info:
        raise UsageError(f"{path}/run.json is damaged: it has no format version")
    if info["format"] != FORMAT:
        age = "newer" if info["format"] > FORMAT else "older"
        raise UsageError(
            f"{path} has the {age} format {info['format']}, this bench reads {FORMAT}: "
            "use the version of bench that wrote it"
        )
    missing = [
        key
        for key in ("run", "plan", "seed", "arms", "cells", "machine", "boot_id")
        if key not in info
    ]
    if missing:
        raise UsageError(f"{path}/run.json is damaged: it lacks {', '.join(missing)}")
    run = Run(path, info)
    _refuse_damaged(run)
    return run


def _refuse_damaged(run: Run) -> None:
    """A slim run has its measures, any other the files of every cell that was measured."""
    if run.slim and len(run.measures.columns):
        return
    for line in run.info["cells"]:
        folder = cell_folder(run.path, int(line["number"]))
        lacking = [
            name for name in CELL_FILES if line["state"] == "done" and not (folder / name).is_file()
        ]
        if lacking:
            raise UsageError(
                f"{folder} is damaged: it lacks {', '.join(lacking)}; "
                f"take the missing cells again with `bench run --resume {run.path}`"
            )


def write_cell(
    folder: Path,
    journal: Mapping[str, Any],
    tasks: Mapping[str, Any],
    runs: Mapping[str, Any],
    samples: pd.DataFrame,
) -> None:
    """Store what a cell left behind; phases.json last, so that it marks a complete cell."""
    write_parquet(
        folder / "tasks.parquet",
        pa.table({name: _column(values) for name, values in tasks.items()}),
    )
    write_parquet(
        folder / "runs.parquet", pa.table({name: _column(values) for name, values in runs.items()})
    )
    write_parquet(folder / "samples.parquet", pa.Table.from_pandas(samples, preserve_index=False))
    write_json(
        folder / "phases.json",
        {**journal, "held": task_ranges.packed(journal["held"])},
        compact=True,
    )


def _column(values: Any) -> Any:
    return (
        pa.array(values)
        if not isinstance(values, np.ndarray)
        else pa.array(values, from_pandas=False)
    )
