"""What was looked for: the probes of each arm, and between which of them the border lies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.dataset import Joined
from bench.analysis.drawn import drawn
from bench.analysis.objectives import SCENARIO, ArmAnswer, answer, in_words
from bench.record.documents import read_json
from bench.workload.arrival_form import TraceArrivals
from bench.workload.bracket import Bracket, SearchPoint, bracketed
from bench.workload.probe import Probe
from bench.workload.search import Kind
from bench.workload.search_answer import Found, SearchAnswer

PREFIX: dict[Kind, str] = {"rate": "times=", "workers": "workers="}
STORED = "workload/search.json"  # in the folder of a run that searched
UNITS: dict[Kind, str] = {"rate": "times the arrivals", "workers": "workers"}


@dataclass(frozen=True)
class ProbeRow:
    """One probe of an arm: `value` times the arrivals, or with so many workers.

    `probe` is of the goal that decides it, None where it has no valid cell or counts tasks alone.
    """

    arm: str
    value: float
    at: str
    verdict: str
    words: str
    cells: str
    tried: int
    probe: Probe | None


@dataclass(frozen=True)
class SearchShown:
    """What was looked for of one arm, in a sentence, with all its probes, from easy to hard."""

    arm: str
    kind: Kind
    sentence: str
    probes: Sequence[ProbeRow]


def searches(joined: Joined) -> list[SearchShown]:
    """Every search of every arm; none where nothing was looked for."""
    return [
        shown
        for kind in PREFIX
        for arm in joined.arms_of(SCENARIO)
        if (shown := _of_arm(joined, arm, kind))
    ]


def _of_arm(joined: Joined, arm: str, kind: Kind) -> SearchShown | None:
    rows = sorted(_probes(joined, arm, kind), key=lambda row: _hardness(row.value, kind))
    if not rows:
        return None
    found = bracketed(
        [_hardness(row.value, kind) for row in rows],
        [_point(row) for row in rows],
    )
    said = _stored(joined, arm, kind) or _answer(joined, rows, found, kind).sentence()
    return SearchShown(arm, kind, f"{arm}: {said}.", rows)


def _stored(joined: Joined, arm: str, kind: Kind) -> str:
    """The answer as the search itself gave it, which knows whether its time was over."""
    for run in joined.runs:
        path = run.path / STORED
        if not path.is_file():
            continue
        document = read_json(path)
        if isinstance(document, dict) and document.get("kind") == kind:
            found = document.get("answers", {}).get(arm)
            return str(found["sentence"]) if found else ""
    return ""


def _hardness(value: float, kind: Kind) -> float:
    return value if kind == "rate" else -value


def _probes(joined: Joined, arm: str, kind: Kind) -> Iterator[ProbeRow]:
    for case in joined.cases(SCENARIO):
        number = case.removeprefix(PREFIX[kind])
        if number == case or arm not in joined.arms_of(SCENARIO, case):
            continue
        told = answer(joined, case, arm)
        rows = joined.frame[
            (joined.frame["scenario"] == SCENARIO)
            & (joined.frame["case"] == case)
            & (joined.frame["arm"] == arm)
        ]
        yield ProbeRow(
            arm=arm,
            value=float(number),
            at=f"{number} {UNITS[kind]}",
            verdict=told.says if told else "invalid",
            words=_words(told) if told else _reason(list(rows["reason"])),
            cells=told.cells if told else ", ".join(dict.fromkeys(rows["label"])),
            tried=rows["cell"].nunique(),
            probe=_deciding(told),
        )


def _reason(reasons: Sequence[str]) -> str:
    return next((reason for reason in reasons if reason), "no valid cell")


def _words(told: ArmAnswer) -> str:
    """Each goal that does not hold; the one that is nearest to its limit where all do."""
    off = [each for each in told.goals if each.says != "holds"] or list(told.goals[:1])
    return "; ".join(
        f"{each.goal.label}: {each.probe.sentence()}" if each.probe else in_words(each.worst)
        for each in off
    )


def _deciding(told: ArmAnswer | None) -> Probe | None:
    """Of the goals of latency the one with the most late tasks for what it spares."""
    probes = [each.probe for each in told.goals if each.probe] if told else []
    worst = {"holds": 0, "unclear": 1, "misses": 2}
    return max(probes, key=lambda each: (worst[each.verdict], each.share), default=None)


def _point(row: ProbeRow) -> SearchPoint:
    match row.verdict:
        case "holds" | "misses" | "unclear" as verdict:
            return SearchPoint(row.value, verdict, row.tried)
    return SearchPoint(row.value, "invalid", row.tried)


def _answer(joined: Joined, rows: Sequence[ProbeRow], found: Bracket, kind: Kind) -> SearchAnswer:
    ends = found.holds, found.misses
    said: Found = (
        ("between" if ends[1] else "enough") if ends[0] else ("never" if ends[1] else "unknown")
    )
    return SearchAnswer(
        kind,
        said,
        ends[0].at if ends[0] else None,
        ends[1].at if ends[1] else None,
        tuple(each.at for each in found.between if each.valid),
        tuple(row.value for row in rows if row.verdict == "invalid"),
        _per_s(joined, rows[0], kind),
        sum(row.tried for row in rows),
        _seconds(joined, rows[0].arm, kind),
        True,
    )


def _per_s(joined: Joined, row: ProbeRow, kind: Kind) -> float:
    """The arrivals of the file a second, on average."""
    case = f"{PREFIX[kind]}{row.at.partition(' ')[0]}"
    place = joined.place(SCENARIO, case, row.arm)
    record = None if place is None else joined.runs[place].manifest.plan.workload
    if record and not isinstance(record.workload.arrivals, TraceArrivals):
        steps = record.workload.arrivals.stretches
        return sum(each.arrivals for each in steps) / sum(each.seconds for each in steps)
    # A trace is not in run.json: what its cell was sent says as much.
    cell = drawn(joined, SCENARIO, case, row.arm)
    per_s = np.trim_zeros(cell.curve("arrivals")[1], "b") if cell else np.zeros(0)
    return float(per_s.mean()) / (row.value if kind == "rate" else 1.0) if len(per_s) else 0.0


def _seconds(joined: Joined, arm: str, kind: Kind) -> float:
    """What all probes of an arm took."""
    return sum(
        line.seconds or 0.0
        for run in joined.runs
        for line in run.manifest.cells
        if (line.scenario, line.arm) == (SCENARIO, arm) and line.case.startswith(PREFIX[kind])
    )
