"""A small made-up run folder that keeps every contract: all scenarios, four arms, known figures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from adapters.base import Held, Prediction
from bench.analysis import stored_measures
from bench.model.cell_log import (
    CellLog,
    CellSpec,
    HeldRange,
    Injection,
    Phase,
    Restart,
    held_ranges,
)
from bench.model.fault import Fault
from bench.model.feature_outcome import FeaturesRecord, Finding
from bench.model.manifest import (
    ArmRecord,
    CellLine,
    CodeRecord,
    MachineRecord,
    Manifest,
    PlanRecord,
    ScenarioVersions,
    ServerRecord,
    SettingRecord,
)
from bench.record import documents, store
from bench.record.ledger import ACCEPTED, Ledger, tables
from bench.record.stored_features import Features
from bench.testbed.sampler import COLUMNS
from tests.made_up_load import RECORD, MadeLoad, made_up_load

RATES = {"celery": 1100.0, "rq": 130.0, "huey": 4000.0, "floor": 12_000.0}
SLOT = {"celery": "thread", "rq": "parent", "huey": "thread", "floor": "process"}
LATENCY_CASES = ("capacity", "load=0.3", "load=0.7", "load=0.9", "rate=30")
ALL = {"burst": ("-", "bulk"), "latency": LATENCY_CASES, "recovery": ("worker-crash", "deploy")}
WORK_CASES = tuple(
    f"{kind}/{count}" for kind in ("sleep", "cpu", "payload") for count in ("1", "N", "4N")
)
MORE = {"work": WORK_CASES, "result": ("-",), "soak": ("-",)}
WORKLOAD_CASES = ("-", "crash")
# How much slower each runs the tasks of a workload.
SLOWER = {"celery": 1.0, "rq": 1.6, "huey": 1.2, "floor": 0.8}
HANDOVER_MS = {"celery": 0.6, "rq": 1.5, "huey": 50.0, "floor": 0.1}
SOAK_RATE, SOAK_S, IDLE_S = 50.0, 60, 10
START = 10_000_000_000_000
TASKS = 2000
Ints = Any
# The ledger, fields of the log, parameters, and the stamps of the edges in ns.
Made = tuple[Ledger, dict[str, Any], dict[str, float], dict[str, int]]
SERVER = ServerRecord(name="redis-server", version="7.0.15", origin="PATH")
MACHINE = MachineRecord(
    cpu="A CPU",
    cores=2,
    cores_online=2,
    governor="",
    memory_bytes=8 << 30,
    swap_bytes=0,
    swap_used_bytes=0,
    kernel="Linux 6.1",
    architecture="x86_64",
    distribution="Debian GNU/Linux 12 (bookworm)",
    python="3.11.7",
    virtual="kvm",
    container="",
    steal_share=0.0,
    load_1min=0.1,
    boot_id="b",
)


def arm_of(system: str) -> ArmRecord:
    """An arm as run.json describes it."""
    setting = SettingRecord(
        name="-c",
        value=2,
        source=f"https://docs.example.org/{system}#workers",
        why="the number of slots",
    )
    never = Prediction(text="What ran is lost.", running="lost", waiting="recovered")
    return ArmRecord(
        arm=f"{system}/default",
        system=system,
        profile="default",
        broker="redis",
        variant="",
        guarantee="at most once",
        results=True,
        summary=f"{system} as shipped",
        command=(f"{system} worker -c 2",),
        settings=(setting,),
        predicts={"worker-crash": never} if system in ("huey", "rq") else {},
    )


def write_run(
    folder: Path,
    cases: Mapping[str, Sequence[str]] = ALL,
    systems: Sequence[str] = tuple(RATES),
    label: str = "",
    blocks: int = 1,
    **info: Any,
) -> store.Run:
    """Write a whole run folder, its measures computed from its cells, and open it.

    `info` are fields of run.json that are to say something else.
    """
    lines: list[CellLine] = []
    for block in range(blocks):
        for scenario, names in cases.items():
            for system in systems:
                for case in names:
                    line = CellLine(
                        number=len(lines) + 1,
                        scenario=scenario,
                        case=case,
                        arm=f"{system}/default",
                        block=block,
                        state="done",
                        verdict="ok",
                        seconds=9.9,
                    )
                    lines.append(line)
                    _write_cell(store.cell_folder(folder, line.number), line, system)
    parts = {name: ScenarioVersions(drive=1, measure=1) for name in cases}
    whole: dict[str, Any] = {
        "format": store.FORMAT,
        "run": folder.name,
        "label": label,
        "created": "2026-11-20T22:00:00Z",
        "bench_version": "0.1.0",
        "commit": "abcdef" * 6,
        "dirty": False,
        "code": CodeRecord(recording=1, scenarios=parts, adapters=dict.fromkeys(systems, 1)),
        "plan": _plan(cases, systems, blocks),
        "seed": 7,
        "arms": {f"{s}/default": arm_of(s) for s in systems},
        "cells": lines,
        "machine": MACHINE,
        "boot_id": "b",
        "brokers": {"redis": SERVER},
        "versions": {f"{s}/default": {"python": "3.11.7"} for s in systems},
        "warnings": ["only 2 cores"],
    }
    run = stored(store.Run(folder, Manifest(**(whole | info))))
    stored_measures.write(run, stored_measures.measure_run(run))
    return store.open_run(folder)


def _plan(cases: Mapping[str, Sequence[str]], systems: Sequence[str], blocks: int) -> PlanRecord:
    return PlanRecord(
        scenarios=tuple(cases),
        arms=tuple(f"{system}/default" for system in systems),
        size="full",
        tasks=TASKS,
        blocks=blocks,
        workers=2,
        time_cap_s=1200.0,
        workload=RECORD if "workload" in cases else None,
    )


def features_of(findings: Sequence[Finding]) -> Features:
    """features.json with these findings, as if it had been read."""
    record = FeaturesRecord(
        format=1,
        created="2026-11-25T10:00:00Z",
        seconds=60,
        bench_version="0.1.0",
        commit="",
        dirty=False,
        quick=False,
        machine=MACHINE,
        findings=tuple(findings),
    )
    return Features(Path("."), record)


def altered(run: store.Run, change: Callable[[dict[str, Any]], Any]) -> store.Run:
    """The run as if run.json said something else, with the measures that it has; on no disk."""
    document: dict[str, Any] = run.manifest.as_json()
    change(document)
    made = store.Run(run.path, Manifest.model_validate(document))
    made.__dict__["measures"] = run.measures
    return made


def stored(run: store.Run) -> store.Run:
    """Put the manifest of this run into its folder, and open it."""
    store.write_manifest(run.path, run.manifest)
    return store.open_run(run.path)


def rewrite_measures(run: store.Run, change: Any) -> store.Run:
    """Change measures.csv by a function of its frame."""
    frame = run.measures.copy()
    change(frame)
    frame.to_csv(run.path / "measures.csv", index=False)
    return store.open_run(run.path)


def _write_cell(folder: Path, line: CellLine, system: str) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(line.number)
    make = {
        "burst": _burst,
        "latency": _latency,
        "recovery": _recovery,
        "work": _work,
        "result": _result,
        "soak": _soak,
        "workload": _workload,
    }[line.scenario]
    _store(folder, line, system, make(line.case, system, rng))


def write_load(folder: Path, made: MadeLoad, case: str = "-") -> store.StoredCell:
    """Store a made-up cell of a workload."""
    folder.mkdir(parents=True)
    line = CellLine(number=1, scenario="workload", case=case, arm="huey/default", block=0)
    _store(folder, line, "huey", (made.book, made.fields, made.params, made.edges))
    return store.StoredCell(folder)


def _store(folder: Path, line: CellLine, system: str, made: Made) -> None:
    book, fields, params, edges = made
    log = CellLog(**{"marks": {}, "held": (), "generators": 1, "server": SERVER} | fields)
    spec = CellSpec(
        number=line.number,
        scenario=line.scenario,
        case=line.case,
        arm=line.arm,
        block=line.block,
        system=system,
        profile="default",
        broker="redis",
        variant="",
        guarantee="at most once",
        slot=SLOT[system],
        slots=slots_of(line.case),
        seed=1,
        settings={},
        app=f"adapters.{system}.app",
        packages=("redis", system),
        params=params,
    )
    documents.write_json(folder / "cell.json", spec.as_json())
    store.write_cell(folder, log, *tables(book, {}), _samples(edges, book))


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


def _burst(case: str, system: str, rng: np.random.Generator) -> Made:
    queued = int(case.partition("backlog=")[2] or TASKS)
    sent = START + (np.arange(queued) * 1e9 / 5000).astype(np.int64)
    returned = sent + 150_000
    end = int(returned[-1]) + 1_000_000
    empty = np.zeros(0, np.int64)
    if case != "-":
        held = HeldRange(place="queue", failed=False, tasks=((0, queued - 1),))
        book = _ledger(sent, sent, returned, empty, empty)
        return (
            book,
            {"phases": _phases((("enqueue", START - 1000, end),)), "held": (held,)},
            {"tasks": queued},
            {"enqueue:start": START - 1000, "enqueue:end": end},
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


def _latency(case: str, system: str, rng: np.random.Generator) -> Made:
    kind, _, value = case.partition("=")
    rate = (
        RATES[system]
        if kind == "capacity"
        else float(value) * (RATES[system] if kind == "load" else 1)
    )
    count, endless = 3000, kind == "load" and value == "0.9" and system == "rq"
    # Fewer than that rate brings, in a minute or more: ten spells lie beyond a P99.
    gap = 1e9 / rate if kind == "capacity" else max(1e9 / rate, 60e9 / count)
    due = START + np.cumsum(rng.exponential(gap, count)).astype(np.int64)
    returned = due + 250_000
    service = rng.exponential(2e6 / (1 if kind == "capacity" else 1.2), count).astype(np.int64)
    started = (
        due + 100_000 + service + (np.linspace(0, 4e10, count).astype(np.int64) if endless else 0)
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
        {"warmup_s": 5, "steady_s": 10} | ({kind: float(value)} if value else {}),
        edges,
    )


def _work(case: str, system: str, rng: np.random.Generator) -> Made:
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


def _result(case: str, system: str, rng: np.random.Generator) -> Made:
    """Five hundred answers, each a task of 1 ms and what the library needs to hand it over."""
    trip = 1_000_000 + int(HANDOVER_MS[system] * 1e6)
    sent = START + np.arange(500) * trip
    finished = sent + 1_000_000
    end = int(sent[-1]) + trip
    book = _ledger(sent, sent, sent + trip - 1000, finished - 20_000, finished)
    return (
        book,
        {"phases": _phases((("steady", START, end),))},
        {"tasks": 500},
        {"steady:start": START - 1000, "steady:end": end},
    )


def _soak(case: str, system: str, rng: np.random.Generator) -> Made:
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


def _workload(case: str, system: str, rng: np.random.Generator) -> Made:
    """A minute of two types of task; now and then a mail raises once."""
    slow = dict.fromkeys(("thumbnail", "mail"), SLOWER[system])
    made = made_up_load(rng, slow, raising_once=range(0, 3000, 150), failing=(77,), case=case)
    return made.book, made.fields, made.params, made.edges


def _recovery(case: str, system: str, rng: np.random.Generator) -> Made:
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
    held = {int(task): Held("started registry") for task in first} if system == "rq" else {}
    marks = {
        "boot_s": 0.5,
        "begin_ns": START,
        "rate": 20.0,
        "heavy_s": 0.8,
        "end_ns": end,
    }
    injection = Injection(
        kind=Fault(case),
        t0_ns=t0,
        victims=(100, 101),
        load_spike_ns=t0 - 5_000_000,
        end_ns=t0 + 3_000_000,
    )
    fields = {
        "phases": _phases(spans),
        "marks": marks,
        "injections": (injection,),
        "held": held_ranges(held),
        "restarts": (Restart(old=100, ns=t0 + 1_000_000_000),),
    }
    edges = {"steady:start": START, "steady:end": t0, "recovery:start": t0, "recovery:end": end}
    return (
        _ledger(due, due + 20_000, due + 200_000, started, finished),
        fields,
        {"lead_in_s": 10.0, "horizon_s": horizon},
        edges,
    )


def _phases(spans: Sequence[tuple[str, int, int]]) -> tuple[Phase, ...]:
    return tuple(Phase(name=name, start_ns=start, end_ns=end) for name, start, end in spans)


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
        "broker_cpu_s": seconds * 0.1 + 20e-6 * (2 * sent + 3 * done),
        "broker_commands": 2 * sent + 3 * done,
        "broker_pushes": sent + np.searchsorted(_begun_again(book), ns, side="right"),
    }
    values |= {
        "broker_messages": np.nan,
        "own_commands": 0.0,
        "all_cpu_s": seconds,
        "instrument_cpu_s": seconds * 0.01,
        "machine_busy_s": seconds * 1.01,
    }
    values |= {"quota_cores": np.nan, "halted_core_s": 0.0}
    frame = pd.DataFrame({"ns": ns, "edge": [name for _, name in stamps], **values})[COLUMNS]
    frame.insert(0, "host", "")
    return frame


def _begun_again(book: Ledger) -> Ints:
    """When each run began that was not the first of its task, ascending: it was pushed again."""
    _, first = np.unique(book.run_task, return_index=True)
    return np.sort(np.delete(book.started, first))
