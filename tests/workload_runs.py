"""Made-up runs of the scenario workload: two types of task, systems that do well and not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.analysis import stored_measures
from bench.model.cell_log import CellLog, CellSpec, FirstError
from bench.model.manifest import CellLine, CodeRecord, Manifest, ScenarioVersions
from bench.record import documents, store
from bench.record.ledger import Ledger, tables
from bench.workload.kept_files import recorded
from bench.workload.workload_file import read_workload
from bench.workload.workload_record import SearchRecord
from tests import fixture_run as made

FILE = """[[task]]
name = "quick"
share = 80
sleep_ms = 10

[[task]]
name = "slow"
share = 20
sleep_ms = 50

[arrivals]
kind = "steady"
rate = 40
seconds = 50

[objective]
p99_ms = 500
failed = 0
backlog = 100

[objective.task.quick]
p90_ms = 100
"""
RATE, SECONDS = 40, 50
CASES = ("-",)
TYPES = ("quick", "slow")
SYSTEMS = ("celery", "rq", "huey", "floor")
NOT_OFFERED = "it has no queues of its own"


@dataclass(frozen=True)
class Behaviour:
    """The latency of each type in ms, how many tasks raise in the end or are lost, and where it
    breaks.

    At `most` times the arrivals one task in ten is a second late, and above that.
    """

    quick_ms: float = 20.0
    slow_ms: float = 60.0
    failing: int = 0
    lost: int = 0
    most: float = 3.0


# Huey is good enough, Celery fails three tasks, RQ is too slow with the slow type.
BEHAVIOURS: Mapping[str, Behaviour] = {
    "celery": Behaviour(failing=3),
    "rq": Behaviour(slow_ms=700.0),
    "huey": Behaviour(),
    "floor": Behaviour(quick_ms=12.0, slow_ms=52.0),
}


def write_workload_run(
    folder: Path,
    cases: Sequence[str] = CASES,
    systems: Sequence[str] = SYSTEMS,
    text: str = FILE,
    blocks: int = 1,
    behaviours: Mapping[str, Behaviour] = BEHAVIOURS,
    lacking: str = "",
    search: SearchRecord | None = None,
    **info: Any,
) -> store.Run:
    """A whole run folder with its measures; the system `lacking` does not offer the load."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.parent / f"{folder.name}.toml"
    path.write_text(text, encoding="utf-8")
    file = read_workload(path)
    lines: list[CellLine] = []
    for block in range(blocks):
        for system in systems:
            for case in cases:
                line = _line(len(lines) + 1, system, case, block, system == lacking)
                lines.append(line)
                if line.state == "done":
                    target = store.cell_folder(folder, line.number)
                    _write_cell(target, line, system, behaviours[system], file.workload)
    versions = {"workload": ScenarioVersions(drive=1, measure=1)}
    plan = made._plan({"workload": cases}, systems, blocks)
    whole: dict[str, Any] = {
        "format": store.FORMAT,
        "run": folder.name,
        "created": "2026-11-26T10:00:00Z",
        "bench_version": "0.2.0",
        "commit": "abcdef" * 6,
        "dirty": False,
        "code": CodeRecord(recording=1, scenarios=versions, adapters=dict.fromkeys(systems, 1)),
        "plan": plan.model_copy(update={"workload": recorded(file, search), "tasks": None}),
        "seed": 7,
        "arms": {f"{system}/default": made.arm_of(system) for system in systems},
        "cells": lines,
        "machine": made.MACHINE,
        "boot_id": "b",
        "brokers": {"redis": made.SERVER},
    }
    run = made.stored(store.Run(folder, Manifest(**(whole | info))))
    stored_measures.write(run, stored_measures.measure_run(run))
    return store.open_run(folder)


def _line(number: int, system: str, case: str, block: int, lacking: bool) -> CellLine:
    return CellLine(
        number=number,
        scenario="workload",
        case=case,
        arm=f"{system}/default",
        block=block,
        state="skipped" if lacking else "done",
        verdict="not_offered" if lacking else "ok",
        reason=NOT_OFFERED if lacking else "",
        seconds=60.0,
    )


def _write_cell(
    folder: Path, line: CellLine, system: str, behaviour: Behaviour, workload: Any
) -> None:
    folder.mkdir(parents=True)
    times = float(line.case.partition("times=")[2] or 1.0)
    book = _ledger(behaviour, times, line.number)
    end = made.START + SECONDS * 1_000_000_000
    spans = (
        ("boot", made.START - 9_000_000_000, made.START - 6_000_000_000),
        ("warmup", made.START - 3_000_000_000, made.START),
        ("steady", made.START, end),
    )
    edges = {
        "settling": made.START - 5_000_000_000,
        "idle": made.START - 4_000_000_000,
        "warmup:start": made.START - 3_000_000_000,
        "warmup:end": made.START - 1_000,
        "steady:start": made.START - 900,
        "steady:end": end,
        "drained": end + 5_000_000_000,
    }
    marks = {
        "boot_s": 0.5,
        "lead_in_ns": made.START - 3_000_000_000,
        "begin_ns": made.START,
        "steady_end_ns": end,
        "load_s": float(SECONDS),
        "rate": RATE * times,
    }
    errors = {"slow": FirstError(task=4, error="ValueError: no such picture")}
    log = CellLog(
        phases=made._phases(spans),
        marks=marks,
        held=(),
        generators=1,
        server=made.SERVER,
        workload=workload,
        first_errors=errors if behaviour.failing else {},
    )
    documents.write_json(folder / "cell.json", _spec(line, system, times).as_json())
    store.write_cell(folder, log, *tables(book, {}), made._samples(edges, book))


def _spec(line: CellLine, system: str, times: float) -> CellSpec:
    return CellSpec(
        number=line.number,
        scenario="workload",
        case=line.case,
        arm=line.arm,
        block=line.block,
        system=system,
        profile="default",
        broker="redis",
        variant="",
        guarantee="at most once",
        slot=made.SLOT[system],
        slots=2,
        seed=1,
        settings={},
        app=f"adapters.{system}.workload",
        packages=("redis", system),
        params={"times": times, "warmup_s": 3.0, "load_s": float(SECONDS), "settle_s": 10.0},
    )


def _ledger(behaviour: Behaviour, times: float, seed: int) -> Ledger:
    """Evenly spaced tasks, every fifth slow; the last ones of these fail in their only run."""
    rng = np.random.default_rng(seed)
    count = round(RATE * SECONDS * times)
    due = made.START + (np.arange(count) * 1e9 / (RATE * times)).astype(np.int64)
    kinds = (np.arange(count) % 5 == 4).astype(np.int16)
    latency_ms = np.where(kinds == 1, behaviour.slow_ms, behaviour.quick_ms)
    latency_ms = latency_ms * (1 + 0.2 * rng.random(count))
    if times >= behaviour.most:
        latency_ms = latency_ms + np.where(np.arange(count) % 10 == 0, 1000.0, 0.0)
    finished = due + (latency_ms * 1e6).astype(np.int64)
    raised = np.full(count, -1, np.int64)
    failing = np.flatnonzero(kinds == 1)[::-1][: behaviour.failing]
    raised[failing], finished[failing] = finished[failing], -1
    finished[: behaviour.lost] = -1
    book = made._ledger(due, due + 50_000, due + 250_000, due + 1_000_000, finished)
    return replace(book, raised=raised).typed(kinds, TYPES)
