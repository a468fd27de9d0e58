"""What the selftest says: one line for each doubt, with what was expected and what was measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One doubt tested. `check` says where to look if it failed."""

    item: int
    what: str
    expected: str
    measured: str
    passed: bool
    check: str = ""


def within(item: int, what: str, value: float, low: float, high: float, unit: str, check: str) -> Line:
    """A figure that must lie in a band, both ends included."""
    return Line(item, what, f"{_short(low)} to {_short(high)} {unit}", f"{_short(value)} {unit}", low <= value <= high, check)


def same(item: int, what: str, found: object, wanted: object, check: str) -> Line:
    """Something that must come out exactly."""
    return Line(item, what, str(wanted), str(found), found == wanted, check)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
