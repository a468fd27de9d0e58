"""A small made-up run folder that keeps every contract: all scenarios, four arms, known figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import stored_measures
from bench.record import documents, store
from bench.record.ledger import ACCEPTED, Ledger, tables
from bench.testbed.sampler import COLUMNS

RATES = {"celery": 1100.0, "rq": 130.0, "huey": 4000.0, "floor": 12_000.0}
SLOT = {"celery": "thread", "rq": "parent", "huey": "thread", "floor": "process"}
LATENCY_CASES = ("capacity", "load=0.3", "load=0.7", "load=0.9", "rate=30")
ALL = {"burst": ("-", "bulk"), "latency": LATENCY_CASES, "recovery": ("worker-crash", "deploy")}
WORK_CASES = tuple(
    f"{kind}/{count}" for kind in ("sleep", "cpu", "payload") for count in ("1", "N", "4N")
)
MORE = {"work": WORK_CASES, "result": ("-",), "soak": ("-",)}
HANDOVER_MS = {"celery": 0.6, "rq": 1.5, "huey": 50.0, "floor": 0.1}
SOAK_RATE, SOAK_S, IDLE_S = 50.0, 60, 10
START = 10_000_000_000_000
TASKS = 2000
Ints = Any


def arm_of(system: str) -> dict[str, Any]:
    """An arm as run.json describes it."""
    setting = {
        "name": "-c",
        "value": 2,
        "source": f"https://docs.example.org/{system}#workers",
        "why": "the number of slots",
    }
    never = {"text": "What ran is lost.", "running": "lost", "waiting": "recovered", "work_s": None}
    predicted = {"worker-crash": never} if system in ("huey", "rq") else {}
    names = {
        "arm": f"{system}/default",
        "system": system,
        "profile": "default",
        "broker": "redis",
        "variant": "",
        "guarantee": "at most once",
    }
    return {
        **names,
        "results": True,
        "summary": f"{system} as shipped",
        "command": [f"{system} worker -c 2"],
        "settings": [setting],
        "predicts": predicted,
    }


def write_run(
    folder: Path,
    cases: Mapping[str, Sequence[str]] = ALL,
    systems: Sequence[str] = tuple(RATES),
    label: str = "",
    blocks: int = 1,
    **info: Any,
) -> store.Run:
    """Write a whole run folder, its measures computed from its cells, and open it."""
    lines: list[dict[str, Any]] = []
    for block in range(blocks):
        for scenario, names in cases.items():
            for system in systems:
                for case in names:
                    line = {
                        "number": len(lines) + 1,
                        "scenario": scenario,
                        "case": case,
                        "arm": f"{system}/default",
                        "block": block,
                    }
                    lines.append(
                        {
                            **line,
                            "state": "done",
                            "verdict": "ok",
                            "reason": "",
                            "seconds": 9.9,
                            "retry_of": None,
                        }
                    )
                    _write_cell(store.cell_folder(folder, len(lines)), lines[-1], system)
    plan = {
        "size": "full",
        "scenarios": list(cases),
        "arms": [f"{s}/default" for s in systems],
        "cases": [],
        "tasks": TASKS,
        "blocks": blocks,
        "workers": 2,
    }
    machine = {
        "cpu": "A CPU",
        "cores": 2,
        "memory_bytes": 8 << 30,
        "kernel": "Linux 6.1",
        "python": "3.11.7",
        "virtual": "kvm",
        "steal_share": 0.0,
    }
    whole = {
        "format": store.FORMAT,
        "run": folder.name,
        "label": label,
        "created": "2026-11-20T22:00:00Z",
        "bench_version": "0.1.0",
        "commit": "abcdef" * 6,
    }
    parts = {name: {"drive": 1, "measure": 1} for name in cases}
    code = {"recording": 1, "scenarios": parts, "adapters": dict.fromkeys(systems, 1)}
    whole |= {
        "dirty": False,
        "code": code,
        "plan": plan,
        "seed": 7,
        "arms": {f"{s}/default": arm_of(s) for s in systems},
        "cells": lines,
    }
    whole |= {
        "machine": machine,
        "boot_id": "b",
        "given": [],
        "brokers": {"redis": {"name": "redis-server", "version": "7.0.15", "origin": "PATH"}},
        "calibration": {},
    }
    whole |= {
        "versions": {f"{s}/default": {"python": "3.11.7"} for s in systems},
        "selftest": None,
        "warnings": ["only 2 cores"],
    }
    documents.write_json(folder / "run.json", whole | info)
    run = store.open_run(folder)
    stored_measures.write(run, stored_measures.measure_run(run))
    return store.open_run(folder)


def rewrite_measures(run: store.Run, change: Any) -> store.Run:
    """Change measures.csv by a function of its frame."""
    frame = run.measures.copy()
    change(frame)
    frame.to_csv(run.path / "measures.csv", index=False)
    return store.open_run(run.path)


def _write_cell(folder: Path, line: Mapping[str, Any], system: str) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(line["number"])
    scenario, case = line["scenario"], line["case"]
    make = {
        "burst": _burst,
        "latency": _latency,
        "recovery": _recovery,
        "work": _work,
        "result": _result,
        "soak": _soak,
    }[scenario]
    book, journal, params, edges = make(case, system, rng)
    journal = {
        "faults": [],
        "held": {},
        "generators": 1,
        "notes": [],
        "events": {"torn": 0},
        "restarts": [],
        **journal,
    }
    head = {
        "number": line["number"],
        "scenario": scenario,
        "case": case,
        "arm": line["arm"],
        "block": line["block"],
        "system": system,
        "profile": "default",
    }
    rest = {
        "broker": "redis",
        "variant": "",
        "guarantee": "at most once",
        "slot": SLOT[system],
        "slots": slots_of(case),
        "seed": 1,
        "settings": {},
        "params": params,
    }
    documents.write_json(folder / "cell.json", head | rest)
    store.write_cell(folder, journal, *tables(book, {}), _samples(edges, book))


def slots_of(case: str) -> int:
    """As the scenario work names them, N being 2."""
    return {"1": 1, "4N": 8}.get(case.partition("/")[2], 2)


def _ledger(
    due: Ints,
    sent: Ints,
    returned: Ints,
    started: Ints,
    finished: Ints,
    run_task: Ints | None = None,
    slots: int = 2,
) -> Ledger:
    count = len(due)
    task = np.arange(count)
    ran = np.arange(len(started)) if run_task is None else run_task
    pid = 100 + ran % slots
    zero = np.zeros(len(ran), np.int64)
    state = np.full(count, ACCEPTED, np.int8)
    return Ledger(
        task,
        *(np.asarray(a, np.int64) for a in (due, sent, returned)),
        state,
        ran,
        pid,
        pid,
        pid,
        *(np.asarray(a, np.int64) for a in (started, finished)),
        zero,
    )


def _burst(
    case: str, system: str, rng: np.random.Generator
) -> tuple[Ledger, dict[str, Any], dict[str, Any], dict[str, int]]:
    sent = START + (np.arange(TASKS) * 1e9 / 5000).astype(np.int64)
    returned = sent + 150_000
    end = int(returned[-1]) + 1_000_000
    empty = np.zeros(0, np.int64)
    if case == "bulk":
        phases = [{"name": "enqueue", "start_ns": START - 1000, "end_ns": end}]
        held = {str(task): {"place": "queue", "failed": False} for task in range(TASKS)}
        book = _ledger(sent, sent, returned, empty, empty)
        return (
            book,
            {"phases": phases, "marks": {}, "held": held},
            {"tasks": TASKS},
            {"enqueue:start": START, "enqueue:end": end},
        )
    begin = end + 1_000_000_000
    finished = (
        begin
        + 500_000_000
        + np.cumsum(rng.exponential(1e9 / RATES[system], TASKS)).astype(np.int64)
    )
    over = int(finished[-1]) + 50_000_000
    spans = (
        ("boot", START - 3_000_000_000, START - 1_000_000_000),
        ("enqueue", START, end),
        ("drain", begin, over),
    )
    edges = {
        "boot:start": spans[0][1],
        "settling": START - 2_000_000_000,
        "idle": START - 1_000_000_000,
        "enqueue:start": START - 1000,
        "enqueue:end": end,
    }
    edges |= {"drain:start": begin, "drain:end": over, "after": over + 1_000_000_000}
    book = _ledger(np.full(TASKS, START), sent, returned, finished - 20_000, finished)
    return book, {"phases": _phases(spans), "marks": {"boot_s": 0.5}}, {"tasks": TASKS}, edges


def _latency(
    case: str, system: str, rng: np.random.Generator
) -> tuple[Ledger, dict[str, Any], dict[str, Any], dict[str, int]]:
    kind, _, value = case.partition("=")
    rate = (
        RATES[system]
        if kind == "capacity"
        else float(value) * (RATES[system] if kind == "load" else 1)
    )
    count, endless = 1500, kind == "load" and value == "0.9" and system == "rq"
    due = START + np.cumsum(rng.exponential(1e9 / rate, count)).astype(np.int64)
    returned = due + 250_000
    service = rng.exponential(2e6 / (1 if kind == "capacity" else 1.2), count).astype(np.int64)
    started = (
        due + 100_000 + service + (np.linspace(0, 4e9, count).astype(np.int64) if endless else 0)
    )
    end = int(due[-1])
    phase = "capacity" if kind == "capacity" else "steady"
    spans = (
        ("boot", START - 9_000_000_000, START - 7_000_000_000),
        ("warmup", START - 6_000_000_000, START),
        (phase, START, end),
    )
    marks = {
        "boot_s": 0.5,
        "rate": rate,
        "steady_end_ns": end,
        "capacity_start_ns": START,
        "capacity_end_ns": end,
    }
    edges = {
        "warmup:start": START - 6_000_000_000,
        "warmup:end": START,
        f"{phase}:start": START,
        f"{phase}:end": end,
        "drained": end + 5_000_000_000,
    }
    book = _ledger(due, due + 50_000, returned, started, started + 20_000)
    return (
        book,
        {"phases": _phases(spans), "marks": marks},
        {kind: value, "warmup_s": 5, "steady_s": 10},
        edges,
    )


def _work(
    case: str, system: str, rng: np.random.Generator
) -> tuple[Ledger, dict[str, Any], dict[str, Any], dict[str, int]]:
    """Each slot needs its own time and the task's.

    Computing tasks have no more slots than the two cores.
    """
    kind, slots = case.partition("/")[0], slots_of(case)
    own_s, task_s = 2 / RATES[system], 0.0 if kind == "payload" else 0.01
    rate = (min(slots, 2) if kind == "cpu" else slots) / (own_s + task_s)
    sent = START + (np.arange(TASKS) * 1e9 / 5000).astype(np.int64)
    end = int(sent[-1]) + 1_000_000
    begin = end + 1_000_000_000
    finished = begin + 500_000_000 + (np.arange(TASKS) * 1e9 / rate).astype(np.int64)
    over = int(finished[-1]) + 50_000_000
    spans = (
        ("boot", START - 3_000_000_000, START - 1_000_000_000),
        ("enqueue", START, end),
        ("drain", begin, over),
    )
    edges = {
        "enqueue:start": START - 1000,
        "enqueue:end": end,
        "drain:start": begin,
        "drain:end": over,
    }
    book = _ledger(
        np.full(TASKS, START),
        sent,
        sent + 150_000,
        finished - int(task_s * 1e9) - 20_000,
        finished,
        slots=slots,
    )
    return (
        book,
        {"phases": _phases(spans), "marks": {"boot_s": 0.5, "look_rate": rate}},
        {"drain_s": 15.0},
        edges,
    )


def _result(
    case: str, system: str, rng: np.random.Generator
) -> tuple[Ledger, dict[str, Any], dict[str, Any], dict[str, int]]:
    """Five hundred answers, each a task of 1 ms and what the library needs to hand it over."""
    trip = 1_000_000 + int(HANDOVER_MS[system] * 1e6)
    sent = START + np.arange(500) * trip
    finished = sent + 1_000_000
    end = int(sent[-1]) + trip
    book = _ledger(sent, sent, sent + trip - 1000, finished - 20_000, finished)
    return (
        book,
        {"phases": _phases((("steady", START, end),)), "marks": {}},
        {"tasks": 500},
        {"steady:start": START - 1000, "steady:end": end},
    )


def _soak(
    case: str, system: str, rng: np.random.Generator
) -> tuple[Ledger, dict[str, Any], dict[str, Any], dict[str, int]]:
    """A minute at 50 tasks/s; the workers keep 10,000 bytes of each task (see `_samples`)."""
    due = START + (np.arange(int(SOAK_RATE * SOAK_S)) * 1e9 / SOAK_RATE).astype(np.int64)
    end, idle = START + SOAK_S * 1_000_000_000, START - IDLE_S * 1_000_000_000
    spans = (("idle", idle, START - 1000), ("steady", START, end))
    edges = {
        "idle:start": idle,
        "idle:end": START - 1000,
        "steady:start": START - 900,
        "steady:end": end,
        "drained": end + 1_000_000,
    }
    marks = {
        "rate": SOAK_RATE,
        "capacity": 2 * SOAK_RATE,
        "keep_every": 1,
        "warm_until_ns": START + 6_000_000_000,
        "steady_end_ns": end,
    }
    book = _ledger(due, due + 50_000, due + 300_000, due + 1_000_000, due + 1_020_000)
    return (
        book,
        {"phases": _phases(spans), "marks": marks},
        {"minutes": SOAK_S / 60, "load": 0.5},
        edges,
    )


def _recovery(
    case: str, system: str, rng: np.random.Generator
) -> tuple[Ledger, dict[str, Any], dict[str, Any], dict[str, int]]:
    """Down for 2 s.

    What ran when the fault struck is lost by floor and huey, still held by rq, and finished at last
    by celery.
    """
    t0, down, horizon = START + 10_000_000_000, 2_000_000_000, 20.0
    due = START + np.arange(20 * 28) * 50_000_000
    started = np.where((due >= t0) & (due < t0 + down), t0 + down + (due - t0) // 10, due) + 400_000
    spike = np.full(8, t0 - 100_000_000)
    due, started = (
        np.concatenate((due, spike)),
        np.concatenate((started, t0 + down + np.arange(8) * 100_000_000)),
    )
    order = np.argsort(due, kind="stable")
    due, started = due[order], started[order]
    finished = started + 20_000_000
    first = np.flatnonzero(due == spike[0])[:2]
    started[first], finished[first] = t0 - 50_000_000, -1
    if system == "celery":
        finished[first] = t0 + 9_000_000_000
    end = int(due.max()) + 1_000_000_000
    spans = (
        ("boot", START - 3_000_000_000, START),
        ("steady", START, t0),
        ("fault", t0, t0 + 3_000_000),
        ("recovery", t0 + 3_000_000, end),
    )
    held = (
        {str(int(task)): {"place": "started registry", "failed": False} for task in first}
        if system == "rq"
        else {}
    )
    marks = {
        "boot_s": 0.5,
        "begin_ns": START,
        "rate": 20.0,
        "heavy_s": 0.8,
        "planned_until_ns": end,
        "end_ns": end,
    }
    fault = {
        "kind": case,
        "t0_ns": t0,
        "heap_ns": t0 - 5_000_000,
        "victims": [100, 101],
        "running": [int(t) for t in first],
        "back_ns": None,
        "end_ns": t0 + 3_000_000,
        "culprit": None,
        "note": "",
    }
    journal = {
        "phases": _phases(spans),
        "marks": marks,
        "faults": [fault],
        "held": held,
        "restarts": [{"old": 100, "ns": t0 + 1_000_000_000}],
    }
    edges = {"steady:start": START, "steady:end": t0, "recovery:start": t0, "recovery:end": end}
    return (
        _ledger(due, due + 20_000, due + 200_000, started, finished),
        journal,
        {"lead_in_s": 10.0, "horizon_s": horizon},
        edges,
    )


def _phases(spans: Sequence[tuple[str, int, int]]) -> list[dict[str, Any]]:
    return [{"name": name, "start_ns": start, "end_ns": end} for name, start, end in spans]


def _samples(edges: Mapping[str, int], book: Ledger) -> pd.DataFrame:
    """A sample every 0.4 s and at each edge; counters in step with what was sent and finished."""
    first, last = min(edges.values()), max(edges.values())
    stamps = sorted(
        [
            *((stamp, name) for name, stamp in edges.items()),
            *((int(ns), "") for ns in range(first, last, 400_000_000)),
        ]
    )
    ns = np.array([stamp for stamp, _ in stamps])
    sent = np.searchsorted(np.sort(book.sent), ns, side="right").astype(float)
    done = np.searchsorted(np.sort(book.finished[book.finished >= 0]), ns, side="right").astype(
        float
    )
    seconds = (ns - first) / 1e9
    values = {
        "worker_pss": 9e7 + 1e4 * done,
        "worker_uss": 7e7,
        "worker_processes": 3.0,
        "worker_cpu_s": seconds * 0.9,
        "broker_pss": 1.2e7,
    }
    values |= {
        "broker_memory": 1e6 + 600 * (sent - done),
        "broker_cpu_s": seconds * 0.1,
        "broker_commands": 2 * sent + 3 * done,
        "broker_pushes": sent,
    }
    values |= {
        "broker_messages": np.nan,
        "own_commands": 0.0,
        "all_cpu_s": seconds,
        "instrument_cpu_s": seconds * 0.01,
        "machine_busy_s": seconds * 1.01,
    }
    values |= {"quota_cores": np.nan, "halted_core_s": 0.0}
    return pd.DataFrame({"ns": ns, "edge": [name for _, name in stamps], **values})[COLUMNS]
