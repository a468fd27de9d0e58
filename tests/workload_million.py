"""`python -m tests.workload_million FOLDER`: what bench does with a load, and its memory at most.

A process of its own, for what others have taken before does not count. Prints arrivals and MB.
"""

import sys
from pathlib import Path

import numpy as np

from bench.base.freed_memory import give_back_at_once
from bench.inprocess import event_log
from bench.record import event_files, store
from bench.record.ledger import Ints, Ledger
from bench.workload import cell_files
from bench.workload.arrivals import Arrivals, arrive
from bench.workload.workload_file import WorkloadFile, read_workload
from scenarios.workload.measure import measure
from scenarios.workload.prepared import drawn, drawn_before, lead_in, whole_schedule
from tests.fixture_run import write_load
from tests.made_up_load import START, MadeLoad, made_up_load

SEED, LEAD_S, CHUNK = 5, 1.0, 10_000
SENDS = (event_log.SENT, event_log.RETURNED)
RUNS = (event_log.STARTED, event_log.FINISHED)


def main(folder: Path) -> None:
    """From the file to the figures of a cell."""
    give_back_at_once()
    file = read_workload(folder / "shop.toml")
    arrivals = arrive(file.workload, SEED)
    prepare(file, arrivals, folder)
    due = arrivals.due_ns + START
    events(folder / "sent-0.bin", SENDS, due, (1_000, 2_000))
    events(folder / "runs.bin", RUNS, due, (3_000, 9_000))
    book = joined(folder, due, file, arrivals)
    cell = stored(folder / "cell", book, file)
    count = len(arrivals)
    del book, due, arrivals
    finished = [m.value for m in measure(cell, 2) if (m.part, m.metric) == ("", "finished")]
    assert finished == [count]
    print(count, peak_mb())


def peak_mb() -> int:
    """The most that this process has held; getrusage has that of whoever started it, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def prepare(file: WorkloadFile, arrivals: Arrivals, folder: Path) -> None:
    """As scenarios/workload/drive.py does."""
    lead = lead_in(arrivals, LEAD_S, SEED)
    draws, before = drawn(file, arrivals.kinds, SEED), drawn_before(file, lead.kinds, SEED)
    cell_files.write(folder, file, arrivals, draws, before, lead.kinds)
    schedule = whole_schedule(len(file.workload.task), arrivals, lead, LEAD_S, 0)
    (folder / "order-001.bin").write_bytes(schedule.packed(START))


def events(path: Path, kinds: tuple[int, int], due: Ints, after: tuple[int, int]) -> None:
    """Two records of each task, so long (ns) after it was due; written without memory of their
    own, which would count."""
    with open(path, "wb") as file:
        file.write(event_log.header())
        for first in range(0, len(due), CHUNK):
            part = due[first : first + CHUNK]
            rows = np.zeros(2 * len(part), event_files.EVENT)
            rows["marker"], rows["pid"] = event_log.MARKER, 7
            for at, (kind, later) in enumerate(zip(kinds, after, strict=True)):
                rows["kind"][at::2] = kind
                rows["task"][at::2] = np.arange(first, first + len(part))
                rows["stamp"][at::2] = part + later
                rows["a"][at::2] = part if kind == event_log.SENT else 0
            file.write(rows.tobytes())


def joined(folder: Path, due: Ints, file: WorkloadFile, arrivals: Arrivals) -> Ledger:
    """As Testbed.finish does."""
    plan = (np.arange(len(due)), due)
    book, torn = event_files.build(plan, [folder / "sent-0.bin"], folder / "runs.bin")
    assert torn == 0
    return book.typed(arrivals.kinds, file.workload.names)


def stored(folder: Path, book: Ledger, file: WorkloadFile) -> store.StoredCell:
    """With the marks and the samples of a made-up cell."""
    made = made_up_load(np.random.default_rng(1))
    marks = {**made.fields["marks"], "rate": len(book.task) / made.fields["marks"]["load_s"]}
    fields = {**made.fields, "workload": file.workload, "marks": marks}
    write_load(folder, MadeLoad(book, fields, made.params, made.edges))
    return store.StoredCell(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
