"""Workflows: right results, each step exactly once, and what a step costs beside a plain task."""

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def _cost(observed: Observation) -> dict[str, float]:
    """Milliseconds per step, and as a multiple of a plain task.

    The plain one was enqueued, run and waited for in the same minute.
    """
    step, plain = (
        observed["seconds"] / observed["steps"] * 1000,
        observed["plain_seconds"] / observed["plain_tasks"] * 1000,
    )
    return {"step_ms": step, "plain_ms": plain, "times_plain": step / plain}


def _told(figures: dict[str, float]) -> str:
    return f"{figures['step_ms']:.1f} ms a step, a plain task {figures['plain_ms']:.1f} ms"


def chain(observed: Observation) -> Judgement:
    """`value`, `expected`, `runs` = how often each step ran; times for the cost.

    `passes` = the library itself hands results on.
    """
    if any(count != 1 for count in observed["runs"]):
        return Judgement(BROKEN, f"steps ran {observed['runs']} times")
    figures = _cost(observed)
    if observed["value"] != observed["expected"]:
        return Judgement(
            BROKEN, f"came to {observed['value']!r} instead of {observed['expected']!r}", figures
        )
    if not observed["passes"]:
        return Judgement(
            PARTLY,
            "in order, each once, but a task must fetch the result before it itself; "
            f"{_told(figures)}",
            figures,
        )
    return Judgement(
        WORKS,
        f"{len(observed['runs'])} steps, each once, results handed on; {_told(figures)}",
        figures,
    )


def group(observed: Observation) -> Judgement:
    """`values` together, `expected`, `together` = one object gives all results."""
    figures = _cost(observed)
    if sorted(observed["values"]) != sorted(observed["expected"]):
        return Judgement(
            BROKEN,
            f"{len(observed['values'])} of {len(observed['expected'])} results came back right",
            figures,
        )
    if not observed["together"]:
        return Judgement(
            PARTLY, f"all ran; each result must be asked for by itself; {_told(figures)}", figures
        )
    return Judgement(
        WORKS, f"{len(observed['expected'])} results together; {_told(figures)}", figures
    )


def chord(observed: Observation) -> Judgement:
    """`members`, `callback_runs`, `value`, `expected`, `passes`.

    `callback_after` = the callback began when all members had finished.
    """
    if observed["callback_runs"] != 1:
        return Judgement(
            BROKEN,
            f"what comes after the {observed['members']} ran {observed['callback_runs']} times",
        )
    if not observed["callback_after"]:
        return Judgement(BROKEN, "what comes after began before all had finished")
    figures = _cost(observed)
    if observed["value"] != observed["expected"]:
        return Judgement(
            BROKEN, f"came to {observed['value']!r} instead of {observed['expected']!r}", figures
        )
    if not observed["passes"]:
        return Judgement(
            PARTLY,
            f"once, after all {observed['members']}, but it must fetch their results itself; "
            f"{_told(figures)}",
            figures,
        )
    return Judgement(
        WORKS,
        f"once, after all {observed['members']}, with their results; {_told(figures)}",
        figures,
    )


def nested(observed: Observation) -> Judgement:
    """`value`, `expected`, `passes` = the library itself hands results on."""
    if observed["value"] != observed["expected"]:
        return Judgement(
            BROKEN, f"came to {observed['value']!r} instead of {observed['expected']!r}"
        )
    return Judgement(
        WORKS if observed["passes"] else PARTLY,
        "right"
        if observed["passes"]
        else "right, but tasks must fetch the results before them themselves",
    )


def error(observed: Observation) -> Judgement:
    """`after_ran` = how many steps behind the error ran, `told` = what the caller learns.

    `handler` = an error handler ran.
    """
    if observed["after_ran"]:
        return Judgement(BROKEN, f"{observed['after_ran']} steps behind the error ran")
    if not observed["told"]:
        lacks = "the caller of the chain is told nothing" + (
            ", an error handler is" if observed["handler"] else ""
        )
        return Judgement(PARTLY, f"nothing behind the error ran; {lacks}")
    return Judgement(
        WORKS, f"nothing behind the error ran, and the caller learns {str(observed['told'])[:80]!r}"
    )


JUDGES = {
    "flow.chain": chain,
    "flow.group": group,
    "flow.chord": chord,
    "flow.nested": nested,
    "flow.error": error,
}
