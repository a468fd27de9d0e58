"""The panel "Can these numbers be trusted?": what the stored selftests say, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bench.analysis.dataset import Joined, letter
from bench.analysis.formatting import number

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


@dataclass(frozen=True)
class Panel:
    """One selftest and the runs that carry it; without groups none is stored with them."""

    runs: str
    summary: str
    groups: list[tuple[str, list[dict[str, str]]]]


def panels(joined: Joined) -> list[Panel]:
    """One per selftest, in the order of the runs; those of one machine mostly carry the same."""
    found: dict[str, tuple[Mapping[str, Any] | None, list[str]]] = {}
    for place, run in enumerate(joined.runs):
        stored = _readable(run.info.get("selftest"))
        name = f"{letter(place)} ({run.id})" if len(joined.runs) > 1 else run.id
        found.setdefault(str(stored["created"]) if stored else "", (stored, []))[1].append(name)
    return [
        Panel(", ".join(runs), _summary(stored), _groups(stored)) for stored, runs in found.values()
    ]


def _readable(stored: Any) -> Mapping[str, Any] | None:
    """A selftest as this version writes it; anything else is none."""
    fields = {"item", "what", "expected", "measured", "verdict", "passed"}
    if (
        not isinstance(stored, Mapping)
        or not {"created", "seconds", "quick", "lines"} <= stored.keys()
    ):
        return None
    return (
        stored
        if all(
            isinstance(line, Mapping) and fields <= line.keys() and line["item"] in ITEMS
            for line in stored["lines"]
        )
        else None
    )


def _summary(stored: Mapping[str, Any] | None) -> str:
    if stored is None:
        return ""
    lines = stored["lines"]
    good = sum(bool(line["passed"]) for line in lines)
    kind = "the quick selftest" if stored["quick"] else "the whole selftest"
    when, minutes = str(stored["created"])[:10], number(stored["seconds"] / 60)
    left = sum(line["verdict"] == "invalid" for line in lines)
    unfit = f" ({left} not measured, as the machine was unfit)" if left else ""
    return (
        f"{good} of {len(lines)} figures as expected{unfit} by {kind} of {when}, "
        f"which took {minutes} minutes on this machine."
    )


def _groups(stored: Mapping[str, Any] | None) -> list[tuple[str, list[dict[str, str]]]]:
    if stored is None:
        return []
    lines = sorted(stored["lines"], key=lambda line: list(ITEMS).index(line["item"]))
    return [
        (ITEMS[item], [_texts(line) for line in of])
        for item, of in groupby(lines, key=lambda line: line["item"])
    ]


def _texts(line: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(line[name]) for name in ("what", "expected", "measured", "verdict")}
