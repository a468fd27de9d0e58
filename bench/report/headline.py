"""The headline: five figures per system, published ones beside them, for page and terminal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.analysis.dataset import PROFILES, Joined, join
from bench.analysis.formatting import Figure, figure, number, records, summed
from bench.claims.published import Claim, claims_of
from bench.model.scenario import main_scenarios
from bench.model.systems import first_broker, title
from bench.record.store import Run
from bench.report.section import leading
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
FIRST = ("throughput/first", "Burst throughput, on the broker that the documentation begins with")


def table(joined: Joined) -> pd.DataFrame:
    """One row per item and system: what was measured, what it is worth, what was published."""
    rows = []
    firsts = _firsts(joined)
    for system in joined.systems:
        main = joined.main_arm(system)
        rows += [_row(joined, main, *item) for item in _items(joined, main)]
        if system in firsts:
            rows.append(_row(joined, firsts[system], *FIRST, _throughput(joined, firsts[system])))
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


def _firsts(joined: Joined) -> dict[str, str]:
    """System → its default arm on the broker that its documentation begins with, as measured.

    None where that is the main arm of each: the first row has them.
    """
    found: dict[str, str] = {}
    for name in joined.arms_of("burst", "-"):
        arm = joined.arms[name]
        as_shipped = arm.profile == "default" and not arm.variant
        if as_shipped and arm.broker == first_broker(arm.system):
            found.setdefault(arm.system, name)
    return found if any(joined.main_arm(each) != arm for each, arm in found.items()) else {}


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
    """With the number of tasks: parts of a reference differ in it."""
    rows = joined.rows("burst", "-", arm, "throughput")
    found = _with_unit(figure(rows, "throughput"), "tasks/s")
    if not found.is_number:
        return found
    tasks = f"of {joined.burst_tasks(int(rows['place'].iloc[0])):,}"
    return replace(found, note="; ".join(filter(None, (tasks, found.note))))


def _with_unit(found: Figure, unit: str) -> Figure:
    return replace(found, text=f"{found.text} {unit}") if found.is_number else found


def _memory(joined: Joined, arm: str) -> Figure:
    """Largest worker PSS + largest broker memory, added block by block."""
    metrics = ("worker_memory_peak_bytes", "broker_memory_peak_bytes")
    rows = {metric: joined.rows("burst", "-", arm, metric) for metric in metrics}
    total = summed(rows)
    if not total.is_number:
        return total
    worker, broker = (figure(mine, metric).text for metric, mine in rows.items())
    return replace(total, note=f"workers {worker} + broker {broker}")


def _cpu(joined: Joined, arm: str) -> Figure:
    """CPU-seconds of workers and broker per million tasks, added block by block.

    Those of the callers are not in it.
    """
    seconds = {"worker_cpu_ms_per_task": 1e3, "broker_cpu_us_per_task": 1.0}
    measured = {metric: joined.rows("burst", "-", arm, metric) for metric in seconds}
    rows = {
        metric: mine.assign(value=mine["value"] * seconds[metric])
        for metric, mine in measured.items()
    }
    total = summed(rows, "s", 1.0)
    if not total.is_number:
        return total
    worker, broker = (number(float(mine["value"].median())) for mine in rows.values())
    return replace(total, note=f"workers {worker} + broker {broker}")


def _latency(joined: Joined, arm: str) -> tuple[str, Figure]:
    """At load 0.7, or 0.5 where no arm was measured at 0.7."""
    load = next((case for case in LOADS if joined.arms_of("latency", case)), LOADS[0])
    p99 = figure(joined.rows("latency", load, arm, "latency_p99_ms"), "latency_p99_ms")
    return load.removeprefix("load="), _with_unit(p99, "ms")


def _recovery(joined: Joined, arm: str) -> Figure:
    """Work recovery; `not within 90 s, n of m lost` where so; service recovery in the note.

    Calls that were refused meanwhile stand beside either: they are in no recovery time.
    """
    work, service = (
        figure(joined.rows("recovery", "worker-crash", arm, metric), metric)
        for metric in ("work_recovery_s", "service_recovery_s")
    )
    served = f"service after {service.text} s" if service.is_number else f"service: {service.text}"
    if work.verdict == "missing":
        return work
    if work.verdict == "beyond":
        several = work.note.split(";")[0] if "blocks within" in work.note else ""
        parts = [f"not within {work.value:g} s", *_gone(joined, arm), *_refused(joined, arm)]
        return replace(work, text=", ".join(parts), note="; ".join(filter(None, (served, several))))
    text = ", ".join([_with_unit(work, "s").text, *_refused(joined, arm)])
    return replace(work, text=text, note="; ".join(filter(None, (served, work.note))))


def _gone(joined: Joined, arm: str) -> list[str]:
    """What became of the tasks that were hit and did not recover, such as `2 of 9 lost`."""
    # By fates: a task whose call was open is hit too, though it was accepted after the fault.
    hit = sum(_total(joined, arm, fate) for fate in HIT)
    gone = [
        f"{count:.0f} of {hit:.0f} {fate}"
        for fate in ("lost", "stuck", "failed")
        if (count := _total(joined, arm, fate))
    ]
    strikes = _total(joined, arm, "strikes")
    return [*gone[:-1], f"{gone[-1]} in {strikes:.0f} crashes"] if gone and strikes > 1 else gone


def _refused(joined: Joined, arm: str) -> list[str]:
    calls = _total(joined, arm, "refused")
    return [f"{calls:.0f} calls refused"] if calls else []


def _total(joined: Joined, arm: str, metric: str) -> float:
    return float(joined.rows("recovery", "worker-crash", arm, metric)["value"].sum())


def rows_in_order(joined: Joined, frame: pd.DataFrame) -> list[tuple[str, str, list[Any]]]:
    """(item, label, its row for each system, or None); other throughputs right below the first.

    Any: rows are named tuples of pandas.
    """
    labels = dict(zip(frame["item"], frame["label"], strict=True))
    rank = ["throughput", FIRST[0], *(f"throughput/{name}" for name in PROFILES)]
    rows = {(row.item, row.system): row for row in records(frame)}
    return [
        (item, labels[item], [rows.get((item, system)) for system in joined.systems])
        for item in sorted(labels, key=lambda item: rank.index(item) if item in rank else len(rank))
    ]


def print_headline(runs: Sequence[Run], console: Console) -> None:
    """The same in the terminal; what scenarios lead with alone, where none of the table was
    measured."""
    joined = join(runs)
    first = leading(joined)
    for sentence in first:
        console.print(Text(sentence), soft_wrap=True)
    if first and not set(main_scenarios()) & set(joined.frame["scenario"]):
        return
    frame = table(joined)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("")
    for system in joined.systems:
        shown.add_column(Text(title(system)), justify="right")
    for _, label, places in rows_in_order(joined, frame):
        unlike = len({row.guarantee for row in places if row}) > 1
        shown.add_row(Text(label), *(Text(_shown(row, unlike)) for row in places))
        claimed = [row.claimed if row else "" for row in places]
        if any(claimed):
            shown.add_row(*(Text(text, style="dim") for text in ("  published", *claimed)))
    console.print(shown)
    for sentence in sentences(joined, frame):
        console.print(Text(sentence))


def _shown(row: Any, unlike: bool) -> str:
    """A place of the terminal's table, with the guarantee where those of its row differ."""
    if row is None:
        return ""
    return f"{row.measured} ({row.guarantee})" if unlike else str(row.measured)
