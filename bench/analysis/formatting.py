"""Measures in words: one figure from the blocks of an arm, or the verdict in its place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import JsonValue

from bench.model.metric import METRICS

VERDICTS = {
    "beyond": (
        "the truth is larger than the value: the horizon or the time cap ended the cell first"
    ),
    "unbounded": (
        "there is no such number: the backlog grew to the end, or that many tasks never finished; "
        "the reason says which"
    ),
    "not_offered": "the system does not offer it",
    "unavailable": "not to be had on this machine or this broker",
    "withheld": "too few samples for this number, or too few spells of them",
    "invalid": "the instrument was not fit: the cell says nothing about the system",
    "wrong": "tasks lost or doubled against the guarantee: the cell gives no speed",
}
INTERVAL = "95 %"  # how the reason of a measure that has an interval of its own begins
WITHHELD_AT_MOST = 0.2  # of the blocks: of five, four have to have a percentile
# Worse news first: what a figure says when its blocks disagree.
_WORST = ("wrong", "unbounded", "beyond", "withheld", "unavailable", "not_offered", "invalid")


@dataclass(frozen=True)
class Figure:
    """One number of a table: its text without unit, its value if there is one, and its verdict.

    `cells` are the labels of the cells behind it.
    """

    text: str
    value: float | None = None
    verdict: str = "ok"
    note: str = ""
    cells: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the text is a measured number and not a verdict."""
        return self.value is not None and self.verdict in ("ok", "beyond")


def number(value: float) -> str:
    """About three digits; whole numbers from 100 on."""
    size = abs(value)
    if math.isinf(value):
        return "∞"
    if size < 1e-9:
        return "0"
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}"


def scale(metric: str) -> tuple[str, float]:
    """(unit, divisor) in which a metric is shown.

    Memory and its growth in an hour are in MB, all else as stored.
    """
    described = METRICS[metric]
    return (
        ("MB", 1e6)
        if metric.endswith(("memory_peak_bytes", "growth_bytes_per_hour"))
        or (described.unit == "bytes" and "memory" in metric)
        else (described.unit, 1.0)
    )


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows as named tuples. Any: no type checker knows their fields."""
    return list(frame.itertuples())


def cells_of(rows: pd.DataFrame) -> str:
    """The labels of the cells behind some measures, each once: `007, 012`."""
    return ", ".join(dict.fromkeys(rows["label"])) if not rows.empty else ""


def figure(rows: pd.DataFrame, metric: str) -> Figure:
    """One arm's blocks of one metric as one figure: the median, or the verdict."""
    if rows.empty:
        return Figure("not run", verdict="missing")
    cells, verdicts = cells_of(rows), list(rows["verdict"])
    if "wrong" in verdicts and METRICS[metric].kind != "count":
        return Figure("wrong", None, "wrong", _reason(rows, "wrong"), cells)
    fit = rows[rows["verdict"].isin(("ok", "beyond", "unbounded", "wrong"))]
    if withheld := _too_often_withheld(rows, len(fit)):
        return Figure("withheld", None, "withheld", withheld, cells)
    if fit.empty:
        worst = next(word for word in (*_WORST, *verdicts) if word in verdicts)
        return Figure(worst.replace("_", " "), None, worst, _reason(rows, worst), cells)
    return _over_blocks(fit, rows, metric, cells)


def _too_often_withheld(rows: pd.DataFrame, fit: int) -> str:
    """Why the blocks that have a number do not stand for the others, which came out later."""
    withheld = int(rows["verdict"].eq("withheld").sum())
    if not fit or withheld <= WITHHELD_AT_MOST * (fit + withheld):
        return ""
    reason = _reason(rows, "withheld").partition("; ")[0]
    return f"withheld in {withheld} of {fit + withheld} blocks, the late ones: {reason}"


def summed(rows: Mapping[str, pd.DataFrame], unit: str = "MB", size: float = 1e6) -> Figure:
    """Measures of one arm together: added block by block, of those the median.

    `rows` has them by metric, in one unit; a `unit` of the text is so many (`size`) of it. The
    first that is no number stands for all of them.
    """
    parts = [figure(mine, metric) for metric, mine in rows.items()]
    missing = next((part for part in parts if not part.is_number), None)
    if missing is not None:
        return missing
    by_block = pd.concat([mine.set_index("block")["value"] for mine in rows.values()], axis=1)
    total = float(by_block.sum(axis=1, skipna=False).median())
    return Figure(f"{number(total / size)} {unit}", total, cells=parts[0].cells)


def _over_blocks(fit: pd.DataFrame, rows: pd.DataFrame, metric: str, cells: str) -> Figure:
    # A block without an end counts as longer than every other one; a rate that the time cap cut
    # short is still a rate.
    endless = fit["verdict"].eq("unbounded") | (
        fit["verdict"].eq("beyond") & (METRICS[metric].better != "higher")
    )
    values = np.where(endless, math.inf, fit["value"].to_numpy(dtype=float))
    if METRICS[metric].kind == "count":
        # The median is that of the blocks that have a count.
        values = values[~np.isnan(values)]
    middle = float(np.median(values)) if len(values) else math.nan
    note, verdicts = _note(fit, rows, metric, endless), set(fit["verdict"])
    if math.isnan(middle):
        return Figure("–", None, "withheld", note, cells)
    if not math.isinf(middle):
        verdict = next((word for word in ("wrong", "beyond") if word in verdicts), "ok")
        shown = middle / scale(metric)[1]
        whole = METRICS[metric].kind == "count" and shown.is_integer()
        return Figure(f"{shown:,.0f}" if whole else number(shown), middle, verdict, note, cells)
    if "unbounded" in verdicts:
        return Figure("unbounded", None, "unbounded", note, cells)
    horizon = float(fit.loc[fit["verdict"] == "beyond", "value"].median())
    return Figure(f"> {horizon / scale(metric)[1]:g}", horizon, "beyond", note, cells)


def _note(fit: pd.DataFrame, rows: pd.DataFrame, metric: str, endless: "pd.Series[bool]") -> str:
    """How many blocks have no end or no number, and the reasons."""
    verdicts = set(fit["verdict"])
    notes = [_reason(fit, word) for word in ("beyond", "unbounded", "wrong") if word in verdicts]
    if len(fit) == 1:
        reason = str(fit["reason"].iloc[0])
        notes += [f"{reason} {METRICS[metric].unit}"] if reason.startswith(INTERVAL) else []
    if len(fit) > 1 and endless.any():
        notes.insert(0, f"{int((~endless).sum())} of {len(fit)} blocks within")
    if len(fit) < len(rows):
        notes.append(f"{len(rows) - len(fit)} of {len(rows)} blocks gave no number")
    return "; ".join(note for note in notes if note)


def _reason(rows: pd.DataFrame, verdict: str) -> str:
    reasons = rows.loc[rows["verdict"] == verdict, "reason"]
    return "; ".join(dict.fromkeys(str(reason) for reason in reasons if reason))


def listing(parts: list[str]) -> str:
    """The parts as one text, such as `a, b and c`; empty for none."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def times(ratio: float) -> str:
    """A ratio to two digits, as a factor."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def plain(value: JsonValue) -> str:
    """A setting's value as a person would write it."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def measure_in_words(row: Any) -> str:
    """The number of a row of measures.csv, as `records` gives it, with its unit, or its verdict."""
    if row.value is None or row.value != row.value:
        return str(row.verdict)
    number = (
        f"{row.value:,.0f}"
        if abs(row.value) >= 100 or float(row.value).is_integer()
        else f"{row.value:.3g}"
    )
    unit = "task" if (row.unit, row.value) == ("tasks", 1) else row.unit
    return f"{'> ' if row.verdict == 'beyond' else ''}{number} {unit}"
