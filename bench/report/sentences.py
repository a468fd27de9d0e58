"""What the measured figures say against the published ones: two sentences, made from the data."""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd

from bench.analysis.dataset import FLOOR, Joined
from bench.analysis.formatting import listing, number, records
from bench.claims.published import claims_of
from bench.model.systems import title
from bench.report.pairs import compared

# Without an interval only orders of magnitude are told apart: half of one, √10.
APART = 10**0.5
MEMORY = "memory in the burst, workers and broker together,"  # the published figure does not say


def sentences(joined: Joined, frame: pd.DataFrame) -> tuple[str, str]:
    """One on throughput; one on memory, tail latency and recovery."""
    return _on_throughput(joined, frame), _on_the_rest(frame)


def _numbers(frame: pd.DataFrame, item: str) -> pd.DataFrame:
    """The contestants that have a measured number for an item and a published one."""
    mine = frame[
        (frame["item"] == item)
        & (frame["system"] != FLOOR)
        & frame["value"].notna()
        & frame["verdict"].isin(("ok", "beyond"))
    ]
    return mine[mine["claimed_value"].notna()].sort_values("value", ascending=False)


def _on_throughput(joined: Joined, frame: pd.DataFrame) -> str:
    measured = _numbers(frame, "throughput")
    if measured.empty:
        return (
            "No default profile of a system with a published figure has a burst throughput here, "
            "so the published throughput is neither borne out nor contradicted."
        )
    figures = [
        f"{title(row.system)} at {row.measured} (published: {number(row.claimed_value)})"
        for row in records(measured)
    ]
    arms = [joined.arms[arm] for arm in measured["arm"]]
    shipped = all(arm.profile == "default" and arm.broker == "redis" for arm in arms)
    whose = "As shipped, on Redis, results kept" if shipped else "With the settings named below"
    place = joined.place("burst", "-", str(measured["arm"].iloc[0]))
    tasks = joined.burst_tasks(place or 0)
    drained = f"this machine drained {tasks:,} tasks through {listing(figures)}"
    order = (
        f"; {_order(joined, measured)}{_best(joined, frame, measured)}" if len(measured) > 1 else ""
    )
    return f"{whose}, {drained}{order}."


def _order(joined: Joined, measured: pd.DataFrame) -> str:
    """How many of the published pairs stand the same way round here; arms of unlike guarantee are
    not ordered."""
    published = measured.sort_values("claimed_value", ascending=False)
    decided = _decided(joined)
    stands = Counter(_stands(decided, *pair) for pair in combinations(records(measured), 2))
    counted = [
        f"{stands[how]} {'pair' if stands[how] == 1 else 'pairs'} {how}"
        for how in ("as published", "the other way round", "not told apart")
        if stands[how]
    ]
    systems = " > ".join(map(title, published["system"]))
    return f"of the published order {systems} that leaves {listing(counted)}"


def _decided(joined: Joined) -> dict[frozenset[str], str]:
    """The faster arm of each pair with an interval, as the table of pairs has it, or nothing."""
    lines = [line for line in compared(joined, "burst", ("throughput",)) if line.case == "-"]
    faster = {"faster": "head", "slower": "base"}
    return {
        frozenset((line.base, line.head)): getattr(line, faster.get(line.verdict, ""), "")
        for line in reversed(lines)  # of a pair in two runs that of the first stands
    }


def _stands(decided: Mapping[frozenset[str], str], a: Any, b: Any) -> str:
    """How a pair stands here against what is published of it; rows are named tuples of pandas."""
    apart = a.arm if a.value > b.value * APART else b.arm if b.value > a.value * APART else ""
    faster = decided.get(frozenset((a.arm, b.arm)), apart) if a.guarantee == b.guarantee else ""
    if not faster:
        return "not told apart"
    as_published = (a.claimed_value > b.claimed_value) == (faster == a.arm)
    return "as published" if as_published else "the other way round"


def _best(joined: Joined, frame: pd.DataFrame, measured: pd.DataFrame) -> str:
    """The tuned figures, since the settings move them more than the choice of system does."""
    tuned = frame[
        (frame["item"] == "throughput/tuned")
        & (frame["verdict"] == "ok")
        & frame["system"].isin(measured["system"])
    ]
    if tuned.empty:
        return ""
    best = records(tuned.sort_values("value", ascending=False))
    figures = listing([f"{row.measured} for {title(row.system)}" for row in best])
    places = {joined.place("burst", "-", str(arm)) or 0 for arm in tuned["arm"]}
    if places == {joined.place("burst", "-", str(arm)) or 0 for arm in measured["arm"]}:
        return f"; the settings documented for speed reach {figures}"
    sizes = listing([f"{tasks:,}" for tasks in sorted({*map(joined.burst_tasks, places)})])
    return f"; the settings documented for speed reach {figures}, on {sizes} tasks in another run"


def _on_the_rest(frame: pd.DataFrame) -> str:
    label = frame.loc[frame["item"] == "p99", "label"]
    parts = [
        _beside(frame, "memory", MEMORY),
        _beside(frame, "p99", str(label.iloc[0]) if len(label) else ""),
        _on_recovery(frame),
    ]
    rest = "; ".join(filter(None, parts))
    if not rest:
        return (
            "Memory, tail latency and recovery were not measured in this run, so nothing is said "
            "about the published ones."
        )
    return f"{rest[0].upper()}{rest[1:]}."


def _beside(frame: pd.DataFrame, item: str, what: str) -> str:
    """The figures with the published ones beside them; what is no number is said once.

    By no factor: what was published is of an unknown machine, and may count something else.
    """
    rows = frame[
        (frame["item"] == item)
        & frame["system"].isin(list(claims_of(item)))
        & (frame["verdict"] != "missing")
    ]
    measured = _numbers(rows, item)
    rest = rows[~rows["system"].isin(measured["system"])]
    parts = [
        f"{row.measured} for {title(row.system)} (published: {row.claimed})"
        for row in records(measured)
    ] + [
        f"{said} for {listing([title(system) for system in mine['system']])}"
        for said, mine in rest.groupby("measured", sort=False)
    ]
    return f"{what} is {listing(parts)}" if parts else ""


def _on_recovery(frame: pd.DataFrame) -> str:
    """Who finished the work that a worker crash found, who did not, and what was lost."""
    rows = frame[
        (frame["item"] == "recovery") & (frame["system"] != FLOOR) & (frame["verdict"] != "missing")
    ]
    ends = [_end(row) for row in records(rows)]
    return f"recovery of the work that a worker crash hit: {listing(ends)}" if ends else ""


def _end(row: Any) -> str:
    """Of a system, whose row is a named tuple of pandas."""
    first, _, rest = row.measured.partition(", ")
    aside = "; ".join(filter(None, (rest, f"published: {row.claimed}" if row.claimed else "")))
    how = {"ok": f"after {first}", "beyond": first}.get(row.verdict, f"({first})")
    return f"{title(row.system)} {how}{f' ({aside})' if aside else ''}"
