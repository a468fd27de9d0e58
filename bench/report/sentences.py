"""What the measured figures say against the published ones: two sentences, made from the data."""

from itertools import combinations

import pandas as pd

from bench.analysis.comparisons import compare_arms
from bench.analysis.dataset import FLOOR, Joined
from bench.analysis.formatting import listing, number, records, times
from bench.claims.published import claims_of
from bench.model.systems import title

ENOUGH_BLOCKS = 3
# Without an interval only orders of magnitude are told apart: half of one, √10.
APART = 10**0.5


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
        f"{title(str(row.system))} at {row.measured} ({times(row.value / row.claimed_value)} × "
        f"the published {number(row.claimed_value)})"
        for row in records(measured)
    ]
    shipped = all(joined.arms[str(arm)].profile == "default" for arm in measured["arm"])
    whose = (
        "With the settings the documentation gives first"
        if shipped
        else "With the settings named below"
    )
    said = f"{whose}, this machine drained {_tasks(joined)}{listing(figures)}"
    if len(measured) < 2:
        return said + "."
    return f"{said}; {_order(joined, measured)}{_best(frame, measured)}."


def _tasks(joined: Joined) -> str:
    for run in joined.runs:
        for line, cell in run.measured():
            if line.scenario == "burst" and line.case == "-":
                return f"{int(cell.spec.params['tasks']):,} tasks through "
    return "the backlog through "


def _order(joined: Joined, measured: pd.DataFrame) -> str:
    """How many of the published pairs stand the same way round here; arms of unlike guarantee are
    not ordered."""
    same = turned = unclear = 0
    for (_, a), (_, b) in combinations(measured.iterrows(), 2):
        faster = (
            _faster(joined, str(a["arm"]), str(b["arm"]))
            if a["guarantee"] == b["guarantee"]
            else ""
        )
        if not faster:
            unclear += 1
        elif (a["claimed_value"] > b["claimed_value"]) == (faster == a["arm"]):
            same += 1
        else:
            turned += 1
    published = " > ".join(
        title(str(s)) for s in measured.sort_values("claimed_value", ascending=False)["system"]
    )
    counted = [
        f"{count} {'pair' if count == 1 else 'pairs'} {what}"
        for count, what in (
            (same, "as published"),
            (turned, "the other way round"),
            (unclear, "not told apart"),
        )
        if count
    ]
    return f"of the published order {published} that leaves {listing(counted)}"


def _faster(joined: Joined, a: str, b: str) -> str:
    """The faster of two arms, or nothing if the pair is not decided."""
    rows = joined.frame[
        (joined.frame["scenario"] == "burst")
        & (joined.frame["case"] == "-")
        & (joined.frame["metric"] == "throughput")
    ]
    rows = rows[rows["arm"].isin((a, b))]
    if rows.groupby("arm")["block"].nunique().min() < ENOUGH_BLOCKS:
        medians = rows.groupby("arm")["value"].median()
        ratio = float(medians[a] / medians[b])
        return a if ratio > APART else b if ratio < 1 / APART else ""
    compared = compare_arms(rows, "full")
    if compared.empty or compared.iloc[0]["verdict"] not in ("faster", "slower"):
        return ""
    line = compared.iloc[0]
    return str(line["head"] if line["verdict"] == "faster" else line["base"])


def _best(frame: pd.DataFrame, measured: pd.DataFrame) -> str:
    """The tuned figures, since the settings move them more than the choice of system does."""
    tuned = frame[
        (frame["item"] == "throughput/tuned")
        & (frame["verdict"] == "ok")
        & frame["system"].isin(measured["system"])
    ]
    if tuned.empty:
        return ""
    best = tuned.sort_values("value", ascending=False)
    told = listing([f"{row.measured} for {title(str(row.system))}" for row in records(best)])
    return f", and documented settings alone move it to {told}"


def _on_the_rest(frame: pd.DataFrame) -> str:
    label = frame.loc[frame["item"] == "p99", "label"]
    parts = [
        _against(frame, "memory", "memory in the burst", ("smaller", "larger")),
        _against(frame, "p99", str(label.iloc[0]) if len(label) else "", ("shorter", "longer")),
        _on_recovery(frame),
    ]
    told = "; ".join(part for part in parts if part)
    if not told:
        return (
            "Memory, tail latency and recovery were not measured in this run, so nothing is said "
            "about the published ones."
        )
    return f"{told[0].upper()}{told[1:]}."


def _against(frame: pd.DataFrame, item: str, what: str, words: tuple[str, str]) -> str:
    """By which factors the figures differ from the published ones, and who has none."""
    measured = _numbers(frame, item)
    rows = frame[
        (frame["item"] == item)
        & frame["system"].isin(list(claims_of(item)))
        & (frame["verdict"] != "missing")
    ]
    without = [
        f"{row.measured} for {title(str(row.system))}"
        for row in records(rows[~rows["system"].isin(measured["system"])])
    ]
    if measured.empty:
        return f"{what} is {listing(without)}" if without else ""
    ratios = sorted(measured["value"].astype(float) / measured["claimed_value"].astype(float))
    low, high = ratios[0], ratios[-1]
    if high < 1:
        said = f"{_span(1 / high, 1 / low)} times {words[0]} than published"
    elif low > 1:
        said = f"{_span(low, high)} times {words[1]} than published"
    else:
        said = f"{_span(low, high)} times what is published"
    names = [title(str(row.system)) for row in records(measured.sort_values("system"))]
    only = f" for {listing(names)}" if without or len(names) < len(claims_of(item)) else ""
    return f"{what} is {said}{only}{f', and {listing(without)}' if without else ''}"


def _span(low: float, high: float) -> str:
    first, last = times(low), times(high)
    return first if first == last else f"{first} to {last}"


def _on_recovery(frame: pd.DataFrame) -> str:
    """Who finished the work that a worker crash found, who did not, and what was lost."""
    rows = frame[
        (frame["item"] == "recovery") & (frame["system"] != FLOOR) & (frame["verdict"] != "missing")
    ]
    said = []
    for row in records(rows):
        first, _, rest = str(row.measured).partition(", ")
        aside = "; ".join(
            part for part in (rest, f"published: {row.claimed}" if row.claimed else "") if part
        )
        how = {"ok": f"after {first}", "beyond": first}.get(str(row.verdict), f"({first})")
        said.append(f"{title(str(row.system))} {how}{f' ({aside})' if aside else ''}")
    return f"recovery of the work that a worker crash hit: {listing(said)}" if said else ""
