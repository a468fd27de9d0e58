"""What stored runs say of published recoveries: within so many seconds, or by a human's hand."""

from collections.abc import Collection, Iterator, Sequence

from bench.analysis.dataset import Joined
from bench.analysis.evidence import Evidence, evidence
from bench.analysis.formatting import Figure, figure, listing
from bench.claims.form import RecoveryClaim
from bench.claims.measured_figures import default
from bench.claims.rulings import CONFIRMED, DEPENDS, REFUTED, UNTESTED, Ruling

# Of a cell, in the place of a number.
NOTHING_SEEN = ("missing", "invalid", "withheld", "unavailable", "not_offered")
GONE = ("lost", "stuck", "failed")
Ruled = tuple[str, str]  # the verdict, and what was seen


def recovery_rulings(source: str, claim: RecoveryClaim, joined: Joined | None) -> Iterator[Ruling]:
    """A ruling for each system that has seconds; one on service and one on the work for each that
    is said to need a human.

    Every arm of the system counts that was struck: a claim that holds under some settings only
    depends on them.
    """
    for system, text in claim.says.items():
        if system not in claim.manual:
            yield Ruling(source, claim.row, system, text, *_within(claim, system, joined))
            continue
        for half, ruled in (("service", _service), ("work that was hit", _work)):
            who = f"{system}, {half}"
            yield Ruling(source, claim.row, who, text, *ruled(claim, system, joined))


def _within(claim: RecoveryClaim, system: str, joined: Joined | None) -> Ruled:
    """Whether all that was hit is finished within the seconds that are claimed."""
    seen = {
        (fault, name): each
        for fault in (claim.fault, *claim.also)
        for name, each in _seen(system, joined, fault, "work_recovery_s").items()
    }
    if joined is None or (claim.fault, default(system)) not in seen:
        return UNTESTED, _why_not(claim, system, joined)
    within = claim.seconds[system]
    met = {
        struck: each.verdict == "ok" and each.value is not None and each.value <= within
        for struck, each in seen.items()
    }
    shown = [
        f"{fault}: {name} {_time(each)} "
        f"({'; '.join([*_harm(evidence(joined, fault, name)), _cells(each)])})"
        for (fault, name), each in seen.items()
    ]
    who = [f"{name} ({fault})" for (fault, name), holds in met.items() if holds]
    parts = (listing(shown), claim.reading, f"within {within:g} s: {listing(who) or 'no arm'}")
    return _over_arms(met.values()), "; ".join(filter(None, parts))


def _service(claim: RecoveryClaim, system: str, joined: Joined | None) -> Ruled:
    """Whether the system serves new tasks only after a human's help."""
    seen = _seen(system, joined, claim.fault, "service_recovery_s")
    times = {name: each for name, each in seen.items() if each.is_number}
    if default(system) not in times:
        return UNTESTED, _why_not(claim, system, joined)
    shown = [f"{name} after {_time(each)} ({_cells(each)})" for name, each in times.items()]
    by_hand = {name: each.verdict == "beyond" for name, each in times.items()}
    text = f"new tasks are served, with nobody's help, by {listing(shown)}"
    return _over_arms(by_hand.values()), "; ".join(filter(None, (text, claim.reading)))


def _work(claim: RecoveryClaim, system: str, joined: Joined | None) -> Ruled:
    """Whether the work that was hit comes back by a human's hand, and only so."""
    seen = _seen(system, joined, claim.fault, "work_recovery_s")
    if joined is None or default(system) not in seen:
        return UNTESTED, _why_not(claim, system, joined)
    found = {name: each for name in seen if (each := evidence(joined, claim.fault, name))}
    if default(system) not in found:
        return UNTESTED, f"what became of the tasks of {default(system)} is not stored here"
    shown = [f"{name}: {_ends(each)} (cell {each.cell})" for name, each in found.items()]
    by_hand = {name: _is_freed(each) for name, each in found.items()}
    return _over_arms(by_hand.values()), "; ".join(filter(None, (*shown, claim.reading)))


def _over_arms(holds: Collection[bool]) -> str:
    """Confirmed where it holds for every arm and fault, refuted where for none; else it depends."""
    if len(set(holds)) > 1:
        return DEPENDS
    return CONFIRMED if all(holds) else REFUTED


def _seen(system: str, joined: Joined | None, fault: str, metric: str) -> dict[str, Figure]:
    """The figure of each arm of a system that was struck by a fault and says something."""
    if joined is None:
        return {}
    arms = joined.arms_of("recovery", fault)
    found = {
        name: figure(joined.rows("recovery", fault, name, metric), metric)
        for name in arms
        if joined.arms[name].system == system
    }
    return {name: each for name, each in found.items() if each.verdict not in NOTHING_SEEN}


def _why_not(claim: RecoveryClaim, system: str, joined: Joined | None) -> str:
    if joined is None:
        return "no run was given"
    return f"{default(system)} has no valid cell here that was struck by a {claim.fault}"


def _harm(found: Evidence | None) -> Sequence[str]:
    """The tasks that were hit and not done, by fate, and the calls that were refused."""
    if found is None:
        return []
    fates = [f"{found.hit[fate]} {fate}" for fate in GONE if found.hit[fate]]
    return [*fates, *([f"{found.refused} calls refused"] if found.refused else [])]


def _time(each: Figure) -> str:
    return f"{each.text} s" if each.is_number else each.text


def _cells(each: Figure) -> str:
    return f"{'cells' if ',' in each.cells else 'cell'} {each.cells}"


def _is_freed(found: Evidence) -> bool:
    """Whether a documented command brought back all that had not come back by itself."""
    gone, done = sum(found.hit[fate] for fate in GONE), found.manual_recovery
    return bool(gone) and done is not None and done.finished >= gone


def _ends(found: Evidence) -> str:
    """What of the work came back by itself, what by hand, and what by nobody's."""
    hit, lost = sum(found.hit.values()), found.hit["lost"]
    held = [f"{found.hit[fate]} of {hit} {fate}" for fate in GONE[1:] if found.hit[fate]]
    parts = []
    if lost:
        parts.append(
            f"{lost} of {hit} lost: the broker holds them nowhere, so no documented command brings "
            "them back"
        )
    if held and (done := found.manual_recovery):
        typed = listing([f"`{command}`" for command in done.commands])
        parts.append(
            f"{listing(held)}: {done.finished} of {len(done.tasks)} finished after {typed}"
        )
    elif held:
        parts.append(f"{listing(held)}, and no documented command frees them")
    return "; ".join(parts) or f"all {hit} came back by themselves"
