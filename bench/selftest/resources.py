"""6: memory that is taken on purpose, and CPU that is burnt on purpose."""

import numpy as np

from bench.record import ledger
from bench.record.store import Run, StoredCell
from bench.selftest.expectations import SelftestLine, asked, within
from bench.selftest.synthetic_runs import Session, arm, cells, mean, truth, value

MIB = 1 << 20
STEP_MIB, SHARED_MIB, LEAK, BURN_US = 64, 200, 1024, 500
PEAK, CPU = "worker_memory_peak_bytes", "worker_cpu_ms_per_task"
MEMORY = "bench/testbed/sampler.py, memory: PSS of the worker tree"
TIME = "bench/testbed/sampler.py, cpu_s, or a busy machine"


def step(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """The peak of a worker that takes 64 MiB, less that of one that does not."""
    what = f"a step of {STEP_MIB} MiB"
    with asked(lines, 6, what):
        plain, stepped = arm(capacity=1000), arm(capacity=1000, step_mib=STEP_MIB)
        tasks = 2500 if quick else 4000  # foreign load cannot be judged in less than 2 s
        run = session.run("step", "burst", [plain, stepped], ["-"], tasks=tasks)
        taken_mib = (value(run, PEAK, stepped) - value(run, PEAK, plain)) / MIB
        lines.append(within(6, what, taken_mib, STEP_MIB * 0.95, STEP_MIB * 1.05, "MiB", MEMORY))


def leak(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """1 KiB per task as the slope of memory over finished tasks; children that share 200 MiB."""
    what = f"a leak of {LEAK} bytes per task, as a slope"
    with asked(lines, 6, what):
        leaking = arm(capacity=2500, batch=20, leak_bytes=LEAK, fire_and_forget=True)
        grown = slope(cells(session.run("leak", "burst", [leaking], ["-"], tasks=25_000))[-1])
        lines.append(within(6, what, grown, LEAK * 0.9, LEAK * 1.1, "bytes", MEMORY))
    what = f"four children sharing {SHARED_MIB} MiB, less those sharing 1"
    with asked(lines, 6, what):
        plain, shared = arm(shared_mib=1), arm(shared_mib=SHARED_MIB)
        run = session.run("shared", "burst", [plain, shared], ["-"], tasks=2000, workers=4)
        taken_mib = (value(run, PEAK, shared) - value(run, PEAK, plain)) / MIB
        wanted = SHARED_MIB - 1
        lines.append(within(6, what, taken_mib, wanted * 0.95, wanted * 1.05, "MiB", MEMORY))


def slope(cell: StoredCell) -> float:
    """Bytes per finished task, by least squares over the samples of the drain."""
    samples = cell.samples
    start, end = cell.phase("drain")
    inside = samples[(samples["ns"] >= start) & (samples["ns"] <= end)]
    # Of the measured tasks: the warm-up was run by workers that are gone.
    finished = np.searchsorted(ledger.first_finishes(cell), inside["ns"])
    begun = finished > 0
    return float(np.polyfit(finished[begun], inside["worker_pss"][begun], 1)[0])


def burn(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """500 µs of CPU per task, as the difference from the same arm without.

    In a lasting process and in a child per task. The truth is what the processes say of
    themselves, by getrusage: a child that burns and one that does not meet their parent at another
    moment, and what the kernel spends on that differs by 0.1 ms a task.
    """
    for profile, tasks, where in (
        ("default", 20_000, "a lasting process"),
        ("forking", 4000, "children that live for milliseconds"),
    ):
        what = f"{BURN_US} µs of CPU per task in {where}"
        with asked(lines, 6, what):
            arms = plain, burning = arm(profile), arm(profile, burn_us=BURN_US)
            run = session.run(f"burn-{profile}", "burst", arms, ["-"], tasks=tasks, blocks=3)
            measured_us = (mean(run, CPU, burning) - mean(run, CPU, plain)) * 1e3
            account_us = said_us(run, burning) - said_us(run, plain)
            what += f", {account_us:.0f} µs more than without by their own account"
            low, high = account_us - BURN_US * 0.05, account_us + BURN_US * 0.05
            lines.append(within(6, what, measured_us, low, high, "µs", TIME))


def said_us(run: Run, arm_name: str) -> float:
    """µs of CPU per task by the worker's own account, the mean of the blocks.

    It is taken between the first and the last line that the worker wrote of it.
    """
    accounts = [
        [line for line in truth(cell) if "cpu_s" in line]
        for cell in cells(run)
        if cell.spec.arm == arm_name
    ]
    of_blocks = [
        (last["cpu_s"] - first["cpu_s"]) / (last["tasks"] - first["tasks"]) * 1e6
        for first, *_, last in accounts
    ]
    return float(np.mean(of_blocks))
