"""Files of a run folder: written whole or not at all, refused in one line where damaged."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.base.errors import UsageError

pa.set_memory_pool(pa.system_memory_pool())
LOG_HEAD, LOG_TAIL = 8_000, 24_000


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


def write_json(path: Path, value: Mapping[str, object], compact: bool = False) -> None:
    """Write a whole JSON file or none: a reader never sees half of it.

    `compact` gives each name of the document one line.
    """
    part = path.with_name(path.name + ".part")
    if compact:
        lines = (
            f"{json.dumps(name)}: {json.dumps(inner, ensure_ascii=False)}"
            for name, inner in value.items()
        )
        text = "{" + ",\n".join(lines) + "}\n"
    else:
        text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    # A file name that is no UTF-8 has halves of a pair: as JSON's own escape they come back.
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    os.replace(part, path)


def read_json(path: Path) -> Any:  # JSON may be anything: whoever reads it says what it must be
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
    # A file and not its path, which Arrow takes for UTF-8 whatever the locale.
    with open(part, "wb") as file:
        pq.write_table(
            table.replace_schema_metadata(None),
            file,
            compression="zstd",
            compression_level=9,
            use_dictionary=[name for name in table.column_names if name not in ints],
            column_encoding=dict.fromkeys(ints, "DELTA_BINARY_PACKED"),
            write_statistics=False,
        )
    os.replace(part, path)


def trim_logs(folder: Path) -> None:
    """Keep the beginning and the end of each log.

    A library that logs four lines a task writes 40 MB in a burst.
    """
    for log in folder.glob("*.log"):
        between = log.stat().st_size - LOG_HEAD - LOG_TAIL
        if between > 0:
            with open(log, "rb") as file:
                head = file.read(LOG_HEAD)
                file.seek(between, os.SEEK_CUR)
                tail = file.read()
            log.write_bytes(head + f"\n… {between} bytes left out …\n".encode() + tail)


def read_parquet(path: Path, columns: list[str] | None = None) -> pa.Table:
    """A table, or some columns of it; UsageError if the file is missing or damaged."""
    try:
        # One thread and the plain allocator: what is freed goes back, and a reader costs no more
        # than its columns.
        with open(path, "rb") as file:
            return pq.read_table(file, columns=columns, use_threads=False, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{path} is missing or damaged ({type(error).__name__}): "
            "measure this cell again with --resume"
        ) from None
