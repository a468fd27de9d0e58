"""The headline: five figures per system, published ones beside them, for page and terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.analysis.dataset import PROFILES, Joined, join
from bench.analysis.formatting import Figure, figure, number, records
from bench.claims.published import Claim, claims_of
from bench.model.systems import title
from bench.record.store import Run
from bench.report.sentences import sentences

COLUMNS = [
    "item",
    "label",
    "system",
    "arm",
    "guarantee",
    "measured",
    "value",
    "verdict",
    "note",
    "claimed",
    "claimed_value",
    "cells",
]
HIT = ("recovered", "doubled", "failed", "stuck", "lost", "open")
LOADS = ("load=0.7", "load=0.5")


def table(joined: Joined) -> pd.DataFrame:
    """One row per item and system: what was measured, what it is worth, what was published."""
    rows = []
    for system in joined.systems:
        main = joined.main_arm(system)
        rows += [_row(joined, main, *item) for item in _items(joined, main)]
        for arm in _others(joined, system, main):
            profile = joined.arms[arm].profile
            item, label = f"throughput/{profile}", f"Burst throughput, {profile}"
            rows.append(_row(joined, arm, item, label, _throughput(joined, arm)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    joined: Joined, arm: str, item: str, label: str, found: Figure
) -> list[str | float | None]:
    about = joined.arms[arm]
    published = claims_of(item).get(about.system, Claim("", None))
    return [
        *(item, label, about.system, arm, about.guarantee),
        *(found.text, found.value, found.verdict, found.note),
        *(published.text, published.value, found.cells),
    ]


def _others(joined: Joined, system: str, main: str) -> list[str]:
    """Tuned and durable, where the burst has them; of several brokers Redis, which the main arm is
    measured on."""
    arms, own = joined.arms, joined.arms[main].profile
    others: dict[str, str] = {}
    for name in sorted(
        joined.arms_of("burst", "-"), key=lambda name: not arms[name].broker.startswith("redis")
    ):
        arm = arms[name]
        if arm.system == system and arm.profile in {*PROFILES} - {own} and not arm.variant:
            others.setdefault(arm.profile, name)
    return list(others.values())


def _items(joined: Joined, arm: str) -> list[tuple[str, str, Figure]]:
    load, latency = _latency(joined, arm)
    return [
        ("throughput", "Burst throughput", _throughput(joined, arm)),
        ("memory", "Memory in the burst, workers + broker", _memory(joined, arm)),
        ("cpu", "CPU-seconds per million tasks, workers + broker", _cpu(joined, arm)),
        ("p99", f"P99 latency at load {load}", latency),
        ("recovery", "Work recovery after a worker crash", _recovery(joined, arm)),
    ]


def _throughput(joined: Joined, arm: str) -> Figure:
    return _with_unit(figure(joined.rows("burst", "-", arm, "throughput"), "throughput"), "tasks/s")


def _with_unit(found: Figure, unit: str) -> Figure:
    return replace(found, text=f"{found.text} {unit}") if found.is_number else found


def _memory(joined: Joined, arm: str) -> Figure:
    """Largest worker PSS + largest broker memory."""
    parts = {"worker_memory_peak_bytes": 1.0, "broker_memory_peak_bytes": 1.0}
    return _together(joined, arm, parts, 1e6, "MB")


def _cpu(joined: Joined, arm: str) -> Figure:
    """CPU-seconds of workers and broker per million tasks; the callers' are not in it."""
    parts = {"worker_cpu_ms_per_task": 1e3, "broker_cpu_us_per_task": 1.0}
    return _together(joined, arm, parts, 1.0, "s")


def _together(
    joined: Joined, arm: str, parts: Mapping[str, float], divisor: float, unit: str
) -> Figure:
    """A measure of the workers + one of the broker, added block by block, each times its factor.

    The value is that sum; shown is it ÷ divisor, the parts in the note, in the same unit.
    """
    metrics, factors = list(parts), list(parts.values())
    rows = [joined.rows("burst", "-", arm, metric) for metric in metrics]
    worker, broker = (figure(mine, metric) for mine, metric in zip(rows, metrics, strict=True))
    if worker.value is None or broker.value is None:
        return broker if worker.is_number else worker
    by_block = [
        mine.set_index("block")["value"] * factor
        for mine, factor in zip(rows, factors, strict=True)
    ]
    total = float((by_block[0] + by_block[1]).median())
    shares = [worker.value * factors[0], broker.value * factors[1]]
    texts = [number(share / divisor) for share in shares]
    note = f"workers {texts[0]} + broker {texts[1]}"
    return Figure(f"{number(total / divisor)} {unit}", total, "ok", note, worker.cells)


def _latency(joined: Joined, arm: str) -> tuple[str, Figure]:
    """At load 0.7, or 0.5 where no arm was measured at 0.7."""
    load = next((case for case in LOADS if joined.arms_of("latency", case)), LOADS[0])
    p99 = figure(joined.rows("latency", load, arm, "latency_p99_ms"), "latency_p99_ms")
    return load.removeprefix("load="), _with_unit(p99, "ms")


def _recovery(joined: Joined, arm: str) -> Figure:
    """Work recovery; `not within 90 s, n of m lost` where so; service recovery in the note."""
    work, service = (
        figure(joined.rows("recovery", "worker-crash", arm, metric), metric)
        for metric in ("work_recovery_s", "service_recovery_s")
    )
    served = f"service after {service.text} s" if service.is_number else f"service: {service.text}"
    if work.verdict == "missing":
        return work
    if work.verdict == "beyond":
        several = work.note.split(";")[0] if "blocks within" in work.note else ""
        text = ", ".join([f"not within {work.value:g} s", *_gone(joined, arm)])
        return replace(work, text=text, note="; ".join(filter(None, (served, several))))
    note = "; ".join(filter(None, (served, work.note)))
    return replace(_with_unit(work, "s"), note=note)


def _gone(joined: Joined, arm: str) -> list[str]:
    """What became of the tasks that were hit and did not recover, such as `2 of 9 lost`."""

    def total(metric: str) -> float:
        return float(joined.rows("recovery", "worker-crash", arm, metric)["value"].sum())

    # By fates: a task that is sent to a worker just killed is hit too, though it was accepted
    # after the fault.
    hit = sum(map(total, HIT))
    gone = [
        f"{total(fate):.0f} of {hit:.0f} {fate}"
        for fate in ("lost", "stuck", "failed")
        if total(fate)
    ]
    strikes = total("strikes")
    return [*gone[:-1], f"{gone[-1]} in {strikes:.0f} crashes"] if gone and strikes > 1 else gone


def rows_in_order(joined: Joined, frame: pd.DataFrame) -> list[tuple[str, str, list[Any]]]:
    """(item, label, its row for each system, or None); other throughputs right below the first.

    Any: rows are named tuples of pandas.
    """
    labels = dict(zip(frame["item"], frame["label"], strict=True))
    rank = ["throughput", *(f"throughput/{name}" for name in PROFILES)]
    rows = {(row.item, row.system): row for row in records(frame)}
    return [
        (item, labels[item], [rows.get((item, system)) for system in joined.systems])
        for item in sorted(labels, key=lambda item: rank.index(item) if item in rank else len(rank))
    ]


def print_headline(runs: Sequence[Run], console: Console) -> None:
    """The same table and sentences in the terminal."""
    joined = join(runs)
    frame = table(joined)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("")
    for system in joined.systems:
        shown.add_column(Text(title(system)), justify="right")
    for _, label, places in rows_in_order(joined, frame):
        shown.add_row(Text(label), *(Text(row.measured if row else "") for row in places))
        claimed = [row.claimed if row else "" for row in places]
        if any(claimed):
            shown.add_row(*(Text(text, style="dim") for text in ("  published", *claimed)))
    console.print(shown)
    for sentence in sentences(joined, frame):
        console.print(Text(sentence))
