"""The fault matrix: fault × arm, its evidence, what was predicted, and one sentence per arm."""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.base import Prediction
from bench.analysis.dataset import Joined
from bench.analysis.evidence import RESOLUTION_S, Evidence, all_evidence, evidence
from bench.analysis.formatting import Figure, figure, listing, number
from bench.model.fault import CORE, FAULTS, Fault
from bench.model.metric import FATES
from bench.model.systems import graceful_signal

BAD = ("lost", "doubled", "open", "stuck", "failed", "refused")
FINISHED_ALL_THE_SAME = ("doubled", "refused")  # what was accepted is done, so its time counts


@dataclass(frozen=True)
class MatrixPlace:
    """One place of the matrix: a fate for its colour, a number, and the lines behind them.

    `aside` stands below the number.
    """

    fate: str
    text: str
    lines: tuple[str, ...] = ()
    cell: str = ""
    aside: str = ""


def matrix(joined: Joined) -> list[tuple[str, str, list[MatrixPlace]]]:
    """(fault, what it is, one place per arm of `arms_of(recovery)`)."""
    arms = joined.arms_of("recovery")
    known = [fault for fault in FAULTS if fault in set(joined.cases("recovery"))]
    return [(case, case.about, [_place(joined, case, arm) for arm in arms]) for case in known]


def _place(joined: Joined, case: str, arm: str) -> MatrixPlace:
    work = _figure(joined, case, arm, "work_recovery_s")
    found = evidence(joined, case, arm)
    if found is None:
        text = "–" if work.verdict == "missing" else work.text
        return MatrixPlace("none", text, (work.note,) if work.note else (), work.cells)
    bad = [fate for fate in BAD if found.touched[fate]]
    words = [f"{found.touched[fate]} {fate}" for fate in bad]
    worked_off = work.verdict == "ok" and set(bad) <= {*FINISHED_ALL_THE_SAME}
    if worked_off or not words:
        words.append(f"{work.text} s")
    # Twice is what at least once allows: no colour of a broken promise for that.
    allowed = found.worst == "doubled" and joined.arms[arm].guarantee == "at least once"
    return MatrixPlace(
        "allowed" if allowed else found.worst,
        ", ".join(words),
        tuple(_lines(joined, found, work)),
        found.cell,
        _graceful(joined, case, arm),
    )


def _graceful(joined: Joined, case: str, arm: str) -> str:
    """Of a deploy, which signals SIGTERM: the signal that the documentation gives."""
    signal = graceful_signal(joined.arms[arm]) if case in (Fault.DEPLOY, Fault.ROLLING) else ""
    return f"graceful stop: {signal}" if signal else ""


def _figure(joined: Joined, case: str, arm: str, metric: str) -> Figure:
    return figure(joined.rows("recovery", case, arm, metric), metric)


def _lines(joined: Joined, found: Evidence, work: Figure) -> list[str]:
    call, service, runs = (
        _figure(joined, found.case, found.arm, metric)
        for metric in ("enqueue_call_max_ms", "service_recovery_s", "culprit_runs")
    )
    places = ", ".join(f"{count} in {place}" for place, count in found.places.items())
    restarts = f"the supervisor started {found.supervisor} processes again"
    possible = (
        (True, f"running: {told(found.running)}"),
        (True, f"waiting: {told(found.waiting)}"),
        (
            bool(found.enqueuing),
            f"being enqueued: {told(found.enqueuing)}; the longest call took {call.text} ms",
        ),
        (True, f"service after {service.text} s, work after {work.text} s"),
        (bool(places), f"held: {places}"),
        (True, restarts if found.supervisor else "no process had to be started again"),
        (True, freed(joined, found)),
        (
            runs.value is not None,
            f"the task that does harm was run {runs.text} times, and ended "
            f"{found.poison_task or 'unknown'}",
        ),
        (True, bound(found)),
        (True, timing(joined, found)),
        (True, found.note),
    )
    return [text for holds, text in possible if holds and text]


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


def freed(joined: Joined, found: Evidence) -> str:
    """What a human can type for what was stuck or failed at the end, and what it did; or when the
    documentation has it come back by itself, later than anybody watched."""
    if done := found.manual_recovery:
        typed = " and ".join(done.commands)
        return f"{typed}: {done.finished} of {len(done.tasks)} finished after it"
    if not (found.hit["stuck"] or found.hit["failed"]):
        return ""
    predicted = joined.arms[found.arm].predicts.get(found.case)
    if predicted and predicted.work_s and not found.hit["failed"]:
        first, last = predicted.work_s
        return f"by its documentation they come back by themselves after {first:g} to {last:g} s"
    return "they did not come back while they were watched, and no documented command frees them"


def bound(found: Evidence) -> str:
    """What no loss in so few strikes proves."""
    hit = sum(found.hit.values())
    if not hit or found.hit["lost"] or not found.strikes:
        return ""
    most, strikes = 100 * (1 - found.harmless), "strike" if found.strikes == 1 else "strikes"
    return (
        f"0 of {hit} lost in {found.strikes} {strikes}: with 95 % confidence "
        f"at most {most:.0f} % of such strikes lose any"
    )


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
    return [
        _predicted(found, said, _figure(joined, found.case, found.arm, "work_recovery_s"))
        for found in all_evidence(joined)
        if (said := joined.arms[found.arm].predicts.get(found.case))
    ]


def _predicted(found: Evidence, said: Prediction, work: Figure) -> Predicted:
    seen = f"running: {told(found.running)}; waiting: {told(found.waiting)}"
    seen += f"; {found.refused} calls refused" if found.refused else ""
    off = differences(found, said, work)
    return Predicted(found.case, found.arm, said.text, work, seen, off)


def differences(found: Evidence, said: Prediction, work: Figure) -> str:
    """In what the measured cell differs from its prediction by more than the resolution; nothing if
    it does not."""
    off = [
        f"{name} tasks were predicted to be {fate}"
        for name, seen, fate in (
            ("running", found.running, said.running),
            ("waiting", found.waiting, said.waiting),
        )
        if seen and fate not in _usual(seen, found.case)
    ]
    if said.work_s and work.value is not None and work.verdict == "ok":
        low, high = said.work_s
        if not low - RESOLUTION_S <= work.value <= high + RESOLUTION_S:
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
    by_arm = {arm: list[Evidence]() for arm in joined.arms_of("recovery")}
    for each in all_evidence(joined):
        if each.case in CORE:
            by_arm[each.arm].append(each)
    return [_sentence(arm, cells) for arm, cells in by_arm.items() if cells]


def _sentence(arm: str, cells: list[Evidence]) -> str:
    harm = {
        each.case: [f"{each.hit[fate]} {fate}" for fate in BAD if each.hit[fate]] for each in cells
    }
    harmed = [
        f"{each.case} {listing(harm[each.case])} of {sum(each.hit.values())}"
        for each in cells
        if harm[each.case]
    ]
    unharmed = [case for case, fates in harm.items() if not fates]
    parts = [f"after {listing(harmed)}"] if harmed else []
    if unharmed:
        parts.append(f"all that a {listing(unharmed)} had hit was finished by itself")
    # They are in no recovery time: who rejects an outage is not the quicker for it.
    refused = [f"{each.refused} in {each.case}" for each in cells if each.refused]
    if refused:
        parts.append(f"enqueue calls refused: {listing(refused)}")
    return f"{arm}: {'; '.join(parts)}."
