"""The headline: four figures per system beside the published ones, for page and terminal."""

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.analysis.dataset import PROFILES, Joined, join
from bench.analysis.formatting import Figure, figure, number, records
from bench.claims.published import claims_of
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
LOADS = ("load=0.7", "load=0.5")


def headline(runs: Sequence[Run]) -> pd.DataFrame:
    """One row per item and system: what was measured, what it is worth, what was published."""
    return table(join(runs))


def headline_sentences(runs: Sequence[Run]) -> tuple[str, str]:
    """What the figures say against the published ones, in two sentences made from them alone."""
    joined = join(runs)
    return sentences(joined, table(joined))


def table(joined: Joined) -> pd.DataFrame:
    """The headline of runs that are joined already."""
    rows = []
    for system in joined.systems:
        arm = joined.main_arm(system)
        for item, label, found in _items(joined, arm):
            rows.append(_row(joined, item, label, arm, found))
        for other in _others(joined, system, arm):
            profile = joined.arms[other].profile
            rows.append(
                _row(
                    joined,
                    f"throughput/{profile}",
                    f"Burst throughput, {profile}",
                    other,
                    _throughput(joined, other),
                )
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    joined: Joined, item: str, label: str, arm: str, found: Figure
) -> list[str | float | None]:
    about = joined.arms[arm]
    published = claims_of(item).get(about.system)
    text, value = (published.text, published.value) if published else ("", None)
    return [
        item,
        label,
        about.system,
        arm,
        about.guarantee,
        found.text,
        found.value,
        found.verdict,
        found.note,
        text,
        value,
        found.cells,
    ]


def _others(joined: Joined, system: str, main: str) -> list[str]:
    """Tuned and durable, where the burst has them; of several brokers Redis, which the main arm is
    measured on."""
    measured, own = set(joined.arms_of("burst", "-")), joined.arms[main].profile
    mine = [
        (n, a)
        for n, a in joined.arms.items()
        if a.system == system and n in measured and a.profile in PROFILES and not a.variant
    ]
    found: dict[str, str] = {}
    for name, arm in sorted(mine, key=lambda item: not item[1].broker.startswith("redis")):
        if arm.profile != own:
            found.setdefault(arm.profile, name)
    return list(found.values())


def _items(joined: Joined, arm: str) -> list[tuple[str, str, Figure]]:
    load, latency = _latency(joined, arm)
    return [
        ("throughput", "Burst throughput", _throughput(joined, arm)),
        ("memory", "Memory in the burst, workers + broker", _memory(joined, arm)),
        ("p99", f"P99 latency at load {load}", latency),
        ("recovery", "Work recovery after a worker crash", _recovery(joined, arm)),
    ]


HIT = ("recovered", "doubled", "failed", "stuck", "lost", "open")


def _throughput(joined: Joined, arm: str) -> Figure:
    return _with_unit(figure(joined.rows("burst", "-", arm, "throughput"), "throughput"), "tasks/s")


def _with_unit(found: Figure, unit: str) -> Figure:
    return (
        Figure(f"{found.text} {unit}", found.value, found.verdict, found.note, found.cells)
        if found.is_number
        else found
    )


def _memory(joined: Joined, arm: str) -> Figure:
    """Largest worker PSS + largest broker memory, added block by block."""
    workers, broker = (
        joined.rows("burst", "-", arm, f"{who}_memory_peak_bytes") for who in ("worker", "broker")
    )
    parts = [
        figure(rows, f"{who}_memory_peak_bytes")
        for rows, who in ((workers, "worker"), (broker, "broker"))
    ]
    missing = next((part for part in parts if not part.is_number), None)
    if missing:
        return missing
    total = float(
        (workers.set_index("block")["value"] + broker.set_index("block")["value"]).median()
    )
    return Figure(
        f"{number(total / 1e6)} MB",
        total,
        "ok",
        f"workers {parts[0].text} + broker {parts[1].text}",
        parts[0].cells,
    )


def _latency(joined: Joined, arm: str) -> tuple[str, Figure]:
    """At load 0.7, or 0.5 where no arm was measured at 0.7."""
    load = next((case for case in LOADS if joined.arms_of("latency", case)), LOADS[0])
    return load.removeprefix("load="), _with_unit(
        figure(joined.rows("latency", load, arm, "latency_p99_ms"), "latency_p99_ms"), "ms"
    )


def _recovery(joined: Joined, arm: str) -> Figure:
    """Work recovery; `not within 90 s, n of m lost` where so; service recovery in the note."""

    def rows(metric: str) -> pd.DataFrame:
        return joined.rows("recovery", "worker-crash", arm, metric)

    work, service = (
        figure(rows(f"{name}_recovery_s"), f"{name}_recovery_s") for name in ("work", "service")
    )
    # By fates: a task that is sent to a worker just killed is hit too, though it was accepted
    # after the fault.
    hit = sum(rows(fate)["value"].sum() for fate in HIT)
    lost, stuck, failed = (int(rows(name)["value"].sum()) for name in ("lost", "stuck", "failed"))
    gone = [
        f"{count} of {hit:.0f} {word}"
        for count, word in ((lost, "lost"), (stuck, "stuck"), (failed, "failed"))
        if count
    ]
    strikes = rows("strikes")["value"].sum()
    gone = [*gone[:-1], f"{gone[-1]} in {strikes:.0f} crashes"] if gone and strikes > 1 else gone
    served = f"service after {service.text} s" if service.is_number else f"service: {service.text}"
    if work.verdict == "missing":
        return work
    if work.verdict == "beyond":
        text = f"not within {work.value:g} s{''.join(', ' + part for part in gone)}"
        several = work.note.split(";")[0] if "blocks within" in work.note else ""
        return Figure(
            text, work.value, "beyond", "; ".join(filter(None, (served, several))), work.cells
        )
    return Figure(
        f"{work.text} s" if work.is_number else work.text,
        work.value,
        work.verdict,
        "; ".join(filter(None, (served, work.note))),
        work.cells,
    )


def items_in_order(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """(item, label) of the rows of the headline: other throughputs right below the first."""
    found: dict[str, str] = {}
    for item, label in zip(frame["item"], frame["label"], strict=True):
        found.setdefault(str(item), str(label))
    first = [item for item in found if item.startswith("throughput")]
    rank = {f"throughput/{name}": place for place, name in enumerate(PROFILES)} | {"throughput": -1}
    ordered = sorted(first, key=lambda item: rank.get(item, len(rank))) + [
        item for item in found if item not in first
    ]
    return [(item, found[item]) for item in ordered]


def print_headline(runs: Sequence[Run], console: Console) -> None:
    """The same table and sentences in the terminal."""
    joined = join(runs)
    frame = table(joined)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("")
    for system in joined.systems:
        shown.add_column(Text(title(system)), justify="right")
    for item, label in items_in_order(frame):
        rows = {str(row.system): row for row in records(frame[frame["item"] == item])}
        shown.add_row(
            Text(label), *(Text(str(rows[s].measured) if s in rows else "") for s in joined.systems)
        )
        if any(rows[s].claimed for s in rows):
            shown.add_row(
                Text("  published", style="dim"),
                *(
                    Text(str(rows[s].claimed) if s in rows else "", style="dim")
                    for s in joined.systems
                ),
            )
    console.print(shown)
    for sentence in sentences(joined, frame):
        console.print(Text(sentence))
