"""The files of a workload's cell, without a cell: what its processes would find."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.inprocess import event_log
from bench.record.event_files import EVENT
from bench.workload import cell_files
from bench.workload.arrivals import Arrivals, arrive
from bench.workload.draws import TaskDraws, draw
from bench.workload.workload_file import WorkloadFile, read_workload

SLOTS = 2
ARRIVALS = "\n[arrivals]\nkind = 'steady'\nrate = 10\nseconds = 4\n"  # 40 tasks


def read(folder: Path, text: str) -> WorkloadFile:
    """The workload of these task types, with arrivals if it has none."""
    path = folder / "shop.toml"
    path.write_text(text if "[arrivals]" in text else text + ARRIVALS, encoding="utf-8")
    return read_workload(path)


def drawn(file: WorkloadFile, kinds: Sequence[int] | None = None) -> tuple[Arrivals, TaskDraws]:
    """Its arrivals and what was drawn for them; or tasks of these types, all due at once."""
    lines = {name: len(each.sizes) for name, each in file.arguments.items()}
    arrivals = (
        arrive(file.workload, 1, file.trace)
        if kinds is None
        else Arrivals(np.zeros(len(kinds), np.int64), np.array(kinds, np.int16), 1.0)
    )
    return arrivals, draw(file.workload, arrivals.kinds, 1, lines)


def lay_out(
    work: Path, file: WorkloadFile, slots: int = SLOTS, kinds: Sequence[int] | None = None
) -> tuple[Arrivals, TaskDraws]:
    """Write all that the processes of a cell find in its work folder."""
    arrivals, draws = drawn(file, kinds)
    lines = {name: len(each.sizes) for name, each in file.arguments.items()}
    warm = cell_files.warm_kinds(len(file.workload.task), slots)
    cell_files.write_types(work, file)
    cell_files.write(work, file, arrivals, draws, draw(file.workload, warm, 2, lines), warm)
    return arrivals, draws


def records(work: Path) -> npt.NDArray[np.void]:
    """The records of the runs so far, whatever their kinds."""
    data = (work / "runs.bin").read_bytes()[event_log.RECORD.size :]
    return np.frombuffer(data[: len(data) // EVENT.itemsize * EVENT.itemsize], EVENT)


def ids(work: Path, kind: int) -> list[int]:
    """The tasks of the records of one kind, in their order."""
    found = records(work)
    return [int(task) for task in found["task"][found["kind"] == kind]]
