"""A change in words: the same in the terminal and on the page."""

from bench.analysis.comparison_result import Change, Changes
from bench.analysis.formatting import number, scale
from bench.model.metric import METRICS

SAYS = {
    "regression": "worse",
    "improvement": "better",
    "differs": "differs",
    "same": "the same",
    "unclear": "unclear",
}


def names_arms(changes: Changes) -> bool:
    """Whether each line must name its arm, because base and head are whole runs."""
    return "#" not in changes.base


def by_how_much(change: Change) -> str:
    """`+12.0 %`, `×3.1` from double or half on; for counts the difference."""
    return _amount(change, change.ratio)


def interval(change: Change) -> str:
    """The interval as `+1.0 % … +5.5 %`, or a dash where there is none."""
    return (
        "–"
        if change.low is None or change.high is None
        else f"{_amount(change, change.low)} … {_amount(change, change.high)}"
    )


def value(change: Change, of: float | None) -> str:
    """A value of base or head with its unit."""
    if of is None:
        return "–"
    unit, divisor = scale(change.metric)
    return f"{number(of / divisor)} {unit}".rstrip()


def smallest(change: Change) -> str:
    """The smallest change that these blocks would show."""
    return (
        "–"
        if change.smallest_detectable is None
        else f"{change.smallest_detectable:.1%}".replace("%", " %")
    )


def _amount(change: Change, ratio: float | None) -> str:
    if ratio is None:
        return "–"
    if METRICS[change.metric].kind == "count":
        return f"{'+' if ratio > 0 else '−' if ratio < 0 else ''}{number(abs(ratio))}"
    if not 0.5 < ratio < 2:
        return f"×{number(ratio)}"
    percent = (ratio - 1) * 100
    return f"{'+' if percent > 0 else '−' if percent < 0 else ''}{abs(percent):.1f} %"
