"""11: a load from a file is what the file says: times, failures, retries and arrivals; a type that
takes longer than it should is slow in its own row and in no other.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.record import ledger
from bench.record.ledger import Ledger
from bench.selftest.expectations import SelftestLine, asked, same, within
from bench.selftest.synthetic_runs import Session, arm, cells
from bench.workload.draws import draw
from bench.workload.workload_file import WorkloadFile, read_workload

SLEEP_MS, CPU_MS, FAILS, RETRIES, RATE, SECONDS = 20.0, 10.0, 0.3, 2, 40.0, 30
SLOWER = 2.0
LOAD = f"""\
[[task]]
name = "wait"
share = 2
sleep_ms = {SLEEP_MS}

[[task]]
name = "compute"
share = 2
cpu_ms = {CPU_MS}

[[task]]
name = "fail"
share = 3
fails = {FAILS}
retries = {RETRIES}

[arrivals]
rate = {RATE}
seconds = {SECONDS}

[objective]
p99_ms = 1000
"""
TAIL = 0.0005  # on each side: a band of 99.9 %
WHERE = "a busy machine, or bench/workload/draws.py and bench/inprocess/workload_tasks.py"


def typed(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """One load on the synthetic queue as it is, and on one whose waiting type is slow."""
    with asked(lines, 11, "a load from a file"):
        file = _written(session.folder)
        plain, slow = arm(), arm(slow_type=["wait", SLOWER])
        run = session.run(
            "loading", "workload", [plain, slow], ["-"], size="full", workers=2, workload=file
        )
        by_arm = {cell.spec.arm: cell for cell in cells(run)}
        book, seed = ledger.load(by_arm[plain]), by_arm[plain].spec.seed
        lines += _times(book, ledger.load(by_arm[slow]))
        lines += _failures(book, file, seed)
        lines += _arrivals(book)


def _written(folder: Path) -> WorkloadFile:
    """The load as a user would have it: in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "load.toml"
    path.write_text(LOAD, encoding="utf-8")
    return read_workload(path)


def _times(book: Ledger, slow: Ledger) -> list[SelftestLine]:
    """What the two types with times take, and how much longer in the other arm."""
    planted = {"wait": (SLEEP_MS, SLOWER), "compute": (CPU_MS, 1.0)}
    lines = []
    for name, (wanted, factor) in planted.items():
        took = _median_ms(book, name)
        what = f"a task of {wanted:g} ms in type {name}: the median run"
        lines.append(within(11, what, took, wanted, wanted * 1.05, "ms", WHERE))
        ratio, what = _median_ms(slow, name) / took, f"with wait ×{SLOWER:g} slower: type {name}"
        lines.append(within(11, what, ratio, factor * 0.97, factor * 1.03, "times", WHERE))
    return lines


def _median_ms(book: Ledger, name: str) -> float:
    ran = np.isin(book.run_task, book.task[book.of_type(name)]) & (book.finished >= 0)
    return float(np.median((book.finished - book.started)[ran])) / 1e6


def _failures(book: Ledger, file: WorkloadFile, seed: int) -> list[SelftestLine]:
    """By id, as drawn beforehand; and their share, as it was seen."""
    ours = book.measured()
    kinds = book.kind[ours]
    failing = draw(file.workload, kinds, seed, {}).failing_runs.astype(int)
    of_type = book.of_type("fail")[ours]
    runs = np.minimum(failing, RETRIES) + 1
    counted = np.bincount(book.run_task[book.run_task >= 0], minlength=int(ours.sum()))
    never = np.flatnonzero(book.finishes()[ours] == 0)
    first = int(_first_raised(book).sum())
    low, high = stats.binom(int(of_type.sum()), FAILS).interval(1 - 2 * TAIL)
    return [
        same(
            11,
            "tasks that failed in all of their runs, by id",
            never.tolist(),
            np.flatnonzero(failing > RETRIES).tolist(),
            WHERE,
        ),
        same(
            11,
            "tasks that ran another number of times than drawn",
            int((counted != runs).sum()),
            0,
            WHERE,
        ),
        within(11, f"first runs that raised, at {FAILS:.0%}", first, low, high, "tasks", WHERE),
    ]


def _first_raised(book: Ledger) -> npt.NDArray[np.bool_]:
    """(tasks that ran,) whether the first run of each ended in an exception."""
    _, first = np.unique(book.run_task, return_index=True)  # runs stand in order of their start
    return np.asarray((book.raised[first] >= 0) & (book.run_task[first] >= 0))


def _arrivals(book: Ledger) -> list[SelftestLine]:
    """As many as their rate makes, at the moments of a Poisson process.

    Given how many there are, the arrivals of a Poisson process are uniform (Cox & Lewis 1966, 2.1):
    held to that by the test of Kolmogorov and Smirnov.
    """
    ours = book.measured()
    sent = np.sort(book.sent[ours])
    low, high = stats.poisson(RATE * SECONDS).interval(1 - 2 * TAIL)
    begin = book.due[ours].min()
    chance = stats.kstest((sent - begin) / 1e9, "uniform", (0, SECONDS)).pvalue
    where = "bench/workload/arrivals.py, or the load generator"
    what = f"arrivals of {RATE:g}/s in {SECONDS} s, as they were sent"
    return [
        within(11, what, len(sent), low, high, "tasks", where),
        within(
            11, "Poisson arrivals by Kolmogorov–Smirnov: p", float(chance), 0.001, 1.0, "", where
        ),
    ]
