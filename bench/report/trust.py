"""The panel "Can these numbers be trusted?": what the stored selftests say, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from bench.analysis.dataset import Joined, letter
from bench.analysis.formatting import number
from bench.model.stored import Json

ITEMS = {
    1: "Counting: planted losses, doubles and strangers",
    2: "Rate: capacities that are known",
    3: "Latency against queueing theory",
    4: "Coordinated omission: a stall is not forgotten",
    5: "Recovery: kills whose end is known",
    6: "Memory and CPU: amounts that are known",
    7: "What the instrument itself costs",
    8: "The load generator, and where it ends",
    9: "Noise of this machine, and the smallest change it can show",
    10: "Gates: cells that are unfit on purpose",
    0: "What could not be carried out",
}


class TrustLine(BaseModel):
    """What the page takes of a line of a selftest."""

    item: int
    what: str
    expected: str
    measured: str
    verdict: str
    passed: bool


class Selftest(BaseModel):
    """What the page takes of a stored selftest."""

    created: str
    seconds: float
    quick: bool
    lines: tuple[TrustLine, ...]


@dataclass(frozen=True)
class Panel:
    """One selftest and the runs that carry it; without groups none is stored with them."""

    runs: str
    summary: str
    groups: Sequence[tuple[str, Sequence[TrustLine]]]


def panels(joined: Joined) -> list[Panel]:
    """One per selftest, in the order of the runs; those of one machine mostly carry the same."""
    found: dict[str, tuple[Selftest | None, list[str]]] = {}
    for place, run in enumerate(joined.runs):
        stored = _readable(run.manifest.selftest)
        name = f"{letter(place)} ({run.id})" if len(joined.runs) > 1 else run.id
        found.setdefault(stored.created if stored else "", (stored, []))[1].append(name)
    return [_panel(runs, stored) for stored, runs in found.values()]


def _readable(stored: Json | None) -> Selftest | None:
    """A selftest as this version writes it; anything else is none."""
    try:
        selftest = Selftest.model_validate(stored)
    except ValidationError:
        return None
    return selftest if all(line.item in ITEMS for line in selftest.lines) else None


def _panel(runs: Sequence[str], stored: Selftest | None) -> Panel:
    names = ", ".join(runs)
    if stored is None:
        return Panel(names, "", [])
    good = sum(line.passed for line in stored.lines)
    left = sum(line.verdict == "invalid" for line in stored.lines)
    unfit = f" ({left} not measured, as the machine was unfit)" if left else ""
    kind = "the quick selftest" if stored.quick else "the whole selftest"
    summary = (
        f"{good} of {len(stored.lines)} figures as expected{unfit} by {kind} of "
        f"{stored.created[:10]}, which took {number(stored.seconds / 60)} minutes on this machine."
    )
    groups = [
        (title, [line for line in stored.lines if line.item == item])
        for item, title in ITEMS.items()
    ]
    return Panel(names, summary, [(title, lines) for title, lines in groups if lines])
