"""A made-up load: two types of task with known latencies, retries, failures, and a strike."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.model.cell_log import FirstError, Injection, Phase, Restart
from bench.model.fault import Fault
from bench.record.ledger import ACCEPTED, Ledger
from bench.workload.workload_form import Workload
from bench.workload.workload_record import WorkloadRecord

START = 10_000_000_000_000
MS, SECOND = 1_000_000, 1_000_000_000
SECONDS, COUNT = 60, 3000
SERVICE_MS = (20.0, 60.0)  # of a thumbnail and of a mail, on average
DOWN_S = 3
STRUCK = {"crash": Fault.WORKER_CRASH, "deploy": Fault.DEPLOY, "broker-crash": Fault.BROKER_CRASH}
WORKLOAD = Workload.model_validate(
    {
        "task": [
            {"name": "thumbnail", "share": 70, "cpu_ms": 20},
            {"name": "mail", "share": 30, "sleep_ms": 60, "fails": 0.02, "retries": 1},
        ],
        "arrivals": {"kind": "poisson", "rate": 50, "seconds": SECONDS},
        "objective": {
            "p99_ms": 500,
            "lost": 0,
            "backlog": 200,
            "task": {"thumbnail": {"p90_ms": 60}},
        },
    }
)
RECORD = WorkloadRecord(file="shop.toml", digest="ab" * 32, workload=WORKLOAD)


@dataclass(frozen=True)
class MadeLoad:
    """A cell before it is stored: ledger, fields of its log, parameters, and its edges in ns."""

    book: Ledger
    fields: dict[str, Any]
    params: dict[str, float]
    edges: dict[str, int]


def made_up_load(
    rng: np.random.Generator,
    slow: Mapping[str, float] = {},
    raising_once: Collection[int] = (),
    failing: Collection[int] = (),
    lost: Collection[int] = (),
    case: str = "-",
) -> MadeLoad:
    """A minute of 50 tasks/s, each of which waits 1 ms and runs for the time of its type.

    `slow` has factors of these times by type; the others are ids of tasks. Those of `failing` raise
    in every run that they get, those of `raising_once` only where they get a second one, those of
    `lost` never run.
    """
    due = START + np.sort(rng.integers(0, SECONDS * SECOND, COUNT))
    kinds = (rng.random(COUNT) < 0.3).astype(np.int16)
    factors = np.array([slow.get(name, 1.0) for name in WORKLOAD.names])[kinds]
    mean = np.array(SERVICE_MS)[kinds]
    took = (mean * factors * (0.5 + rng.exponential(0.5, COUNT)) * MS).astype(np.int64)
    started = due + MS
    if case in STRUCK:
        # For a second nothing begins any more, so that some tasks wait when the fault strikes; then
        # nothing runs for three. The last two that had begun are gone for good.
        since, back = strike_ns() - SECOND, strike_ns() + DOWN_S * SECOND
        down = (started >= since) & (started < back)
        started = np.where(down, back + (started - since) // 10, started)
        lost = {*lost, *np.flatnonzero(started < since)[-2:].tolist()}
    retries = np.array([each.retries for each in WORKLOAD.task])[kinds]
    runs = [
        run
        for task in range(COUNT)
        if task not in lost
        for run in _runs(
            task,
            int(started[task]),
            int(took[task]),
            task in raising_once and retries[task] > 0,
            int(retries[task]) + 1 if task in failing else 0,
        )
    ]
    book = _book(due, np.array(sorted(runs, key=lambda run: run[1]), np.int64).reshape(-1, 4))
    return _cell(book.typed(kinds, WORKLOAD.names), case, failing, kinds)


def strike_ns() -> int:
    """When a struck load is struck: in its middle."""
    return START + SECONDS * SECOND // 2


def _runs(
    task: int, start: int, took: int, once: bool, failures: int
) -> list[tuple[int, int, int, int]]:
    """(task, started, finished, raised) of each run; one that raises does so after 2 ms."""
    raised = failures or int(once)
    made = [(task, start + at * 3 * MS, -1, start + at * 3 * MS + 2 * MS) for at in range(raised)]
    if not failures:
        begin = start + raised * 3 * MS
        made.append((task, begin, begin + took, -1))
    return made


def _book(due: Any, runs: Any) -> Ledger:
    zero = np.zeros(len(runs), np.int64)
    pid = 100 + runs[:, 0] % 2
    return Ledger(
        np.arange(len(due)),
        due,
        due + 50_000,
        due + 250_000,
        np.full(len(due), ACCEPTED, np.int8),
        runs[:, 0],
        *(pid, pid, pid),
        runs[:, 1],
        runs[:, 2],
        zero,
        runs[:, 3],
    )


def _cell(book: Ledger, case: str, failing: Collection[int], kinds: Any) -> MadeLoad:
    end = START + SECONDS * SECOND
    spans = {
        "boot": (START - 9 * SECOND, START - 6 * SECOND),
        "warmup": (START - 3 * SECOND, START),
        "steady": (START, end),
    }
    edges = {
        f"{name}:{side}": stamp
        for name, span in spans.items()
        for side, stamp in zip(("start", "end"), span, strict=True)
    }
    edges |= {"settling": START - 5 * SECOND, "idle": START - 4 * SECOND}
    edges |= {"drained": end + 5 * SECOND, "end": end + 120 * SECOND}
    marks = {
        "boot_s": 0.5,
        "lead_in_ns": START - 3 * SECOND,
        "begin_ns": START,
        "steady_end_ns": end,
        "load_s": float(SECONDS),
        "rate": COUNT / SECONDS,
    }
    errors = {
        WORKLOAD.names[kinds[task]]: FirstError(task=task, error="PlannedFailure: the 1st run")
        for task in sorted(failing, reverse=True)
    }
    fields: dict[str, Any] = {
        "phases": tuple(Phase(name=n, start_ns=a, end_ns=b) for n, (a, b) in spans.items()),
        "marks": marks,
        "workload": WORKLOAD,
        "first_errors": errors,
    }
    params = {"times": 1.0, "warmup_s": 3.0, "rate": 50.0, "load_s": 60.0, "settle_s": 10.0}
    if case in STRUCK:
        t0 = strike_ns()
        fields["injections"] = (
            Injection(
                kind=STRUCK[case],
                t0_ns=t0,
                victims=(100, 101),
                load_spike_ns=t0,
                end_ns=t0 + MS,
            ),
        )
        fields["restarts"] = (Restart(old=100, ns=t0 + SECOND),)
        params["horizon_s"] = 20.0
    return MadeLoad(book, fields, params, edges)
