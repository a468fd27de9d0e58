"""A million arrivals, from the draws to the figures, within the memory that bench may take."""

import subprocess
import sys
from pathlib import Path

import pytest

MOST_MB = 400
ARRIVALS = 1_000_000
# In a process of its own: what others have taken before does not count.
PROGRAM = """
import resource, sys
from pathlib import Path

import numpy as np

from bench.inprocess import event_log
from bench.record import event_files, store
from bench.workload import cell_files
from bench.workload.arrivals import arrive
from bench.workload.workload_file import read_workload
from scenarios.workload.measure import measure
from scenarios.workload.prepared import drawn, drawn_before, lead_in, whole_schedule
from tests.fixture_run import write_load
from tests.made_up_load import MadeLoad, made_up_load

folder, arrivals_wanted = Path(sys.argv[1]), int(sys.argv[2])


def events(path, kinds, tasks, stamps, thread, pid):
    """Two records per task, written as they come: this must take no memory of its own."""
    with open(path, "wb") as file:
        file.write(event_log.header())
        for first in range(0, len(tasks), 10_000):
            part = slice(first, first + 10_000)
            rows = np.zeros(2 * len(tasks[part]), event_files.EVENT)
            rows["marker"], rows["pid"] = event_log.MARKER, pid
            for at, (kind, stamp) in enumerate(zip(kinds, stamps, strict=True)):
                rows["kind"][at::2], rows["task"][at::2] = kind, tasks[part]
                rows["stamp"][at::2] = due[part] + stamp
                rows["a"][at::2] = due[part] if thread is None else thread
            file.write(rows.tobytes())


file = read_workload(folder / "shop.toml")
arrivals = arrive(file.workload, 5)
assert abs(len(arrivals) - arrivals_wanted) < 0.01 * arrivals_wanted
lead = lead_in(arrivals, 1.0, 5)
work = folder / "work"
work.mkdir()
cell_files.write(
    work,
    file,
    arrivals,
    drawn(file, arrivals.kinds, 5),
    drawn_before(file, lead.kinds, 5),
    lead.kinds,
)
schedule = whole_schedule(2, arrivals, lead, 1.0, 0)
schedule.write(work / "order-001.bin", 0)
start = 10_000_000_000_000
task, due = np.arange(len(arrivals)), arrivals.due_ns + start
count = len(arrivals)
del schedule, lead
sends, runs = (event_log.SENT, event_log.RETURNED), (event_log.STARTED, event_log.FINISHED)
events(work / "sent-0.bin", sends, task, (1000, 2000), None, 1)
events(work / "runs.bin", runs, task, (3000, 9000), 3, 7)
made = made_up_load(np.random.default_rng(1))
del task
built, torn = event_files.build(
    (np.arange(count), due), [work / "sent-0.bin"], work / "runs.bin"
)
assert torn == 0 and len(built.run_task) == count
built = built.typed(arrivals.kinds, file.workload.names)
marks = {**made.fields["marks"], "rate": count / 60.0, "lead_in_ns": start - 10**9}
fields = {**made.fields, "workload": file.workload, "marks": marks}
spec_made = MadeLoad(built, fields, made.params, made.edges)
cell = write_load(folder / "cell", spec_made)
del built, spec_made, arrivals, due
found = {(m.part, m.metric): m for m in measure(store.StoredCell(cell.folder), 2)}
assert found["", "finished"].value == count, found["", "finished"]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
FILE = f"""
[[task]]
name = "thumbnail"
share = 70
sleep_ms = {{ median = 5, p99 = 50 }}
payload = "4 KiB"

[[task]]
name = "mail"
share = 30
sleep_ms = 40
fails = 0.01
retries = 3

[arrivals]
rate = {ARRIVALS // 60}
seconds = 60

[objective]
p99_ms = 500
"""


@pytest.mark.slow
def test_a_million_arrivals_take_400_mb_at_most(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(FILE)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(ARRIVALS)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) <= MOST_MB
