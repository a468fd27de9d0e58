"""What the selftest says: one line for each doubt, with what was expected and what was measured."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import computed_field

from bench.base.errors import BenchError

RUNS = "its run under the selftest's folder"


class Unmeasured(BenchError):
    """The machine was unfit, however often it was tried: that says nothing of the instrument."""


class NoFigure(BenchError):
    """A cell gave no figure, and not because of the machine."""


@dataclass(frozen=True)
class SelftestLine:
    """One doubt tested. `check` says where to look if it failed.

    `unfit` says why there is no figure: then it has not passed, and has not failed either.
    """

    item: int
    what: str
    expected: str
    measured: str
    passed: bool
    check: str = ""
    unfit: str = ""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic has it: mypy knows only @property
    @property
    def verdict(self) -> str:
        """`ok`, `failed`, or `invalid` where the machine was unfit."""
        return "ok" if self.passed else "invalid" if self.unfit else "failed"


def within(
    item: int, what: str, value: float, low: float, high: float, unit: str, check: str
) -> SelftestLine:
    """A figure that must lie in a band, both ends included."""
    measured = "no figure" if math.isnan(value) else f"{_short(value)} {unit}"
    band = f"{_short(low)} to {_short(high)} {unit}"
    return SelftestLine(item, what, band, measured, low <= value <= high, check)


def same(item: int, what: str, measured: object, wanted: object, check: str) -> SelftestLine:
    """Something that must come out exactly."""
    return SelftestLine(item, what, str(wanted), str(measured), measured == wanted, check)


def unmeasured(item: int, what: str, why: str) -> SelftestLine:
    """A doubt that is left, because the machine was unfit; `why` says what to do about that."""
    return SelftestLine(item, what, "a figure", f"not measured, {why}", False, unfit=why)


@contextmanager
def asked(lines: list[SelftestLine], item: int, what: str) -> Iterator[None]:
    """What keeps the figures of this block from being measured becomes a line; the rest goes on."""
    try:
        yield
    except Unmeasured as error:
        lines.append(unmeasured(item, what, str(error)))
    except NoFigure as error:
        lines.append(SelftestLine(item, what, "a figure", f"none, {error}", False, RUNS))


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
