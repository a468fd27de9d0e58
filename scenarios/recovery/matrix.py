"""The fault matrix: fault × arm, its evidence, what was predicted, and one sentence per arm."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.base import Prediction
from bench.analysis.dataset import Joined
from bench.analysis.evidence import RESOLUTION_S, RULE_OF_THREE, Evidence, all_evidence, evidence
from bench.analysis.formatting import Figure, figure, listing, number
from bench.model.fault import CORE, FAULTS
from bench.model.metric import FATES

BAD = ("lost", "doubled", "open", "stuck", "failed", "refused")


@dataclass(frozen=True)
class MatrixPlace:
    """One place of the matrix: a fate for its colour, a number, and the lines behind them."""

    fate: str
    text: str
    lines: tuple[str, ...] = ()
    cell: str = ""


def matrix(joined: Joined) -> list[tuple[str, str, list[MatrixPlace]]]:
    """(fault, what it is, one place per arm of `arms_of(recovery)`)."""
    arms = joined.arms_of("recovery")
    known = [fault for fault in FAULTS if fault in set(joined.cases("recovery"))]
    return [(case, case.about, [_place(joined, case, arm) for arm in arms]) for case in known]


def _place(joined: Joined, case: str, arm: str) -> MatrixPlace:
    rows = joined.rows("recovery", case, arm, "work_recovery_s")
    shown = figure(rows, "work_recovery_s")
    found = evidence(joined, case, arm)
    if found is None:
        return MatrixPlace(
            "none",
            "–" if shown.verdict == "missing" else shown.text,
            (shown.note,) if shown.note else (),
            shown.cells,
        )
    bad = {
        fate: count
        for fate, count in (found.hit + Counter(found.enqueuing)).items()
        if fate in BAD and count
    }
    words = ", ".join(f"{bad[fate]} {fate}" for fate in BAD if fate in bad)
    # Twice is what at least once allows: no colour of a broken promise for that.
    allowed = found.worst == "doubled" and joined.arms[arm].guarantee == "at least once"
    return MatrixPlace(
        "allowed" if allowed else found.worst,
        words or f"{shown.text} s",
        tuple(_lines(joined, found, shown)),
        found.cell,
    )


def _lines(joined: Joined, found: Evidence, work: Figure) -> list[str]:
    lines = [f"running: {told(found.running)}", f"waiting: {told(found.waiting)}"]
    if found.enqueuing:
        call = figure(
            joined.rows("recovery", found.case, found.arm, "enqueue_call_max_ms"),
            "enqueue_call_max_ms",
        )
        lines.append(
            f"being enqueued: {told(found.enqueuing)}; the longest call took {call.text} ms"
        )
    service = figure(
        joined.rows("recovery", found.case, found.arm, "service_recovery_s"), "service_recovery_s"
    )
    lines.append(f"service after {service.text} s, work after {work.text} s")
    if found.places:
        lines.append(
            "held: " + ", ".join(f"{count} in {place}" for place, count in found.places.items())
        )
    lines.append(
        f"the supervisor started {found.supervisor} processes again"
        if found.supervisor
        else "no process had to be started again"
    )
    lines += [
        text
        for text in (
            freed(found),
            harm(joined, found),
            bound(found),
            timing(joined, found),
            found.note,
        )
        if text
    ]
    return lines


def timing(joined: Joined, found: Evidence) -> str:
    """Where the outcome hangs on a moment: the adapter says so, or the strikes of a cell differ."""
    predicted = joined.arms[found.arm].predicts.get(found.case)
    parts = [predicted.timing] if predicted and predicted.timing else []
    if found.uneven:
        parts.append(f"the {found.strikes} strikes of this cell had unlike fates")
    return f"a matter of timing: {'; '.join(parts)}" if parts else ""


def told(counts: Mapping[str, int]) -> str:
    """Counts by fate, in words."""
    return ", ".join(f"{counts[fate]} {fate}" for fate in FATES if counts.get(fate)) or "none"


def freed(found: Evidence) -> str:
    """What a human can type for what was stuck or failed at the end, and what it did."""
    bound_tasks = found.hit["stuck"] + found.hit["failed"]
    if done := found.manual_recovery:
        typed = " and ".join(done.commands)
        return f"{typed}: {done.finished} of {len(done.tasks)} finished after it"
    return "a human is needed, and no documented command frees them" if bound_tasks else ""


def harm(joined: Joined, found: Evidence) -> str:
    """How often the harmful task ran, and where it ended."""
    runs = figure(joined.rows("recovery", found.case, found.arm, "culprit_runs"), "culprit_runs")
    return (
        f"the task that does harm was run {runs.text} times, and ended "
        f"{found.poison_task or 'unknown'}"
        if runs.value is not None
        else ""
    )


def bound(found: Evidence) -> str:
    """What no loss among so few proves."""
    hit = sum(found.hit.values())
    if not hit or found.hit["lost"]:
        return ""
    most = 100 * min(RULE_OF_THREE / hit, 1)
    return f"0 of {hit} lost: with 95 % confidence fewer than {most:.0f} % are"


@dataclass(frozen=True)
class Predicted:
    """What an adapter predicts of a fault beside what was measured; `differs` names in what."""

    fault: str
    arm: str
    said: str
    work: Figure
    seen: str
    differs: str


def predictions(joined: Joined) -> list[Predicted]:
    """Measured beside predicted, wherever the adapter says something."""
    rows = []
    for found in all_evidence(joined):
        said = joined.arms[found.arm].predicts.get(found.case)
        if said:
            work = figure(
                joined.rows("recovery", found.case, found.arm, "work_recovery_s"), "work_recovery_s"
            )
            differs = differences(found, said, work)
            rows.append(Predicted(found.case, found.arm, said.text, work, _seen(found), differs))
    return rows


def _seen(found: Evidence) -> str:
    return f"running: {told(found.running)}; waiting: {told(found.waiting)}"


def differences(found: Evidence, said: Prediction, work: Figure) -> str:
    """In what the measured cell differs from its prediction by more than the resolution; nothing if
    it does not."""
    off = []
    for name, seen, fate in (
        ("running", found.running, said.running),
        ("waiting", found.waiting, said.waiting),
    ):
        if seen and fate not in _usual(seen, found.case):
            off.append(f"{name} tasks were predicted to be {fate}")
    if said.work_s and work.value is not None:
        low, high = said.work_s
        if work.verdict == "ok" and not low - RESOLUTION_S <= work.value <= high + RESOLUTION_S:
            off.append(f"work was predicted within {number(low)} to {number(high)} s")
    return "; ".join(off)


def _usual(seen: Mapping[str, int], case: str) -> set[str]:
    """The fates that a prediction may name: those of most tasks, or, where one of many slots is
    struck, of any."""
    return (
        set(seen)
        if case == "child-crash"
        else {fate for fate in seen if seen[fate] == max(seen.values())}
    )


def sentences(joined: Joined) -> list[str]:
    """One plain sentence per arm, from the core faults alone."""
    return [
        text
        for arm in joined.arms_of("recovery")
        if (
            text := _sentence(
                [each for each in all_evidence(joined) if each.arm == arm and each.case in CORE]
            )
        )
    ]


def _sentence(found: list[Evidence]) -> str:
    if not found:
        return ""
    harmed = []
    for each in found:
        bad = {fate: each.hit[fate] for fate in BAD if each.hit[fate]}
        if bad:
            told_bad = listing([f"{count} {fate}" for fate, count in bad.items()])
            harmed.append(f"{each.case} {told_bad} of {sum(each.hit.values())}")
    unharmed = [each.case for each in found if not any(each.hit[fate] for fate in BAD)]
    parts = [f"after {listing(harmed)}"] if harmed else []
    if unharmed:
        parts.append(f"all that a {listing(unharmed)} had hit was finished by itself")
    return f"{found[0].arm}: {'; '.join(parts)}."
