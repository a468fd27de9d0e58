"""The copy of a workload file that a run folder keeps, and the file taken up again for it."""

import shutil
from pathlib import Path

from bench.base.errors import UsageError
from bench.base.typed import typed
from bench.workload.arrival_form import TraceArrivals
from bench.workload.trace_file import Trace, read_trace
from bench.workload.workload_file import WorkloadFile, read_workload
from bench.workload.workload_record import SearchRecord, WorkloadRecord

FOLDER = "workload"  # in a run folder


def recorded(file: WorkloadFile, search: SearchRecord | None = None) -> WorkloadRecord:
    """What run.json keeps of a file that was read, and of what is looked for with it."""
    return WorkloadRecord(
        file=file.path.name,
        digest=file.digest,
        workload=file.workload,
        arguments={name: given.digest for name, given in file.arguments.items()},
        trace=file.trace.digest if file.trace else "",
        search=search,
    )


def keep(file: WorkloadFile, run: Path) -> None:
    """Copy the file and its trace into a run folder; nothing is done where they are there.

    Arguments may be personal data: of them nothing is kept but a digest. OSError where it cannot
    be written.
    """
    kept = _kept(run, file.path.name)
    if kept.exists():
        return
    kept.parent.mkdir(exist_ok=True)
    arrivals = file.workload.arrivals
    if isinstance(arrivals, TraceArrivals):
        shutil.copyfile(file.path.parent / arrivals.trace, _kept_trace(run, file.path.name))
    # Last: where it is there, all is there.
    shutil.copyfile(file.path, kept)


def taken_up(record: WorkloadRecord, run: Path, given: Path | None = None) -> WorkloadFile:
    """The workload of a stored run: from the file that is given again, else from the run's copy.

    UsageError where the copy does not serve, because functions or arguments lie beside the file.
    Whether what was read is what the run was begun with, `WorkloadRecord.unlike` says.
    """
    if given is not None:
        return read_workload(given)
    if any(task.call for task in record.workload.task):
        raise UsageError(
            f"{run} has no copy of what lies beside {record.file} (functions, arguments): "
            f"{_again(record, run)}"
        )
    trace = _read_kept_trace(record, run)
    return WorkloadFile(_kept(run, record.file), record.digest, record.workload, trace)


def _read_kept_trace(record: WorkloadRecord, run: Path) -> Trace | None:
    """UsageError where the copy is lacking, or is not what was measured."""
    if not record.trace:
        return None
    path = _kept_trace(run, record.file)
    trace = read_trace(path, record.workload.names)
    if trace.digest != record.trace:
        raise UsageError(
            f"{path} is not the trace that {run} was begun with: {_again(record, run)}"
        )
    return trace


def _again(record: WorkloadRecord, run: Path) -> str:
    """What to type; a run does not keep in which folder the file was."""
    return (
        f"name that file again, `bench run --resume {typed(run)} --workload FILE`, where FILE is "
        f"{record.file} with its folder"
    )


def _kept(run: Path, name: str) -> Path:
    return run / FOLDER / name


def _kept_trace(run: Path, name: str) -> Path:
    return run / FOLDER / f"{name}.trace.csv"
