"""Workflows: right results, each step exactly once, and what a step costs beside a plain task."""

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def _cost(seen: Observation) -> dict[str, float]:
    """Milliseconds per step, and as a multiple of a plain task that is enqueued, run and waited for in the same minute."""
    step, plain = (
        seen["seconds"] / seen["steps"] * 1000,
        seen["plain_seconds"] / seen["plain_tasks"] * 1000,
    )
    return {"step_ms": step, "plain_ms": plain, "times_plain": step / plain}


def _told(figures: dict[str, float]) -> str:
    return f"{figures['step_ms']:.1f} ms a step, a plain task {figures['plain_ms']:.1f} ms"


def chain(seen: Observation) -> Judgement:
    """`value`, `expected`, `runs` = how often each step ran, `passes` = the library itself hands results on; times for the cost."""
    if any(count != 1 for count in seen["runs"]):
        return Judgement(BROKEN, f"steps ran {seen['runs']} times")
    figures = _cost(seen)
    if seen["value"] != seen["expected"]:
        return Judgement(
            BROKEN, f"came to {seen['value']!r} instead of {seen['expected']!r}", figures
        )
    if not seen["passes"]:
        return Judgement(
            PARTLY,
            f"in order, each once, but a task must fetch the result before it itself; {_told(figures)}",
            figures,
        )
    return Judgement(
        WORKS, f"{len(seen['runs'])} steps, each once, results handed on; {_told(figures)}", figures
    )


def group(seen: Observation) -> Judgement:
    """`values` together, `expected`, `together` = one object gives all results."""
    figures = _cost(seen)
    if sorted(seen["values"]) != sorted(seen["expected"]):
        return Judgement(
            BROKEN,
            f"{len(seen['values'])} of {len(seen['expected'])} results came back right",
            figures,
        )
    if not seen["together"]:
        return Judgement(
            PARTLY, f"all ran; each result must be asked for by itself; {_told(figures)}", figures
        )
    return Judgement(WORKS, f"{len(seen['expected'])} results together; {_told(figures)}", figures)


def chord(seen: Observation) -> Judgement:
    """`members`, `callback_runs`, `callback_after` = it began when all had finished, `value`, `expected`, `passes`."""
    if seen["callback_runs"] != 1:
        return Judgement(
            BROKEN, f"what comes after the {seen['members']} ran {seen['callback_runs']} times"
        )
    if not seen["callback_after"]:
        return Judgement(BROKEN, "what comes after began before all had finished")
    figures = _cost(seen)
    if seen["value"] != seen["expected"]:
        return Judgement(
            BROKEN, f"came to {seen['value']!r} instead of {seen['expected']!r}", figures
        )
    if not seen["passes"]:
        return Judgement(
            PARTLY,
            f"once, after all {seen['members']}, but it must fetch their results itself; {_told(figures)}",
            figures,
        )
    return Judgement(
        WORKS, f"once, after all {seen['members']}, with their results; {_told(figures)}", figures
    )


def nested(seen: Observation) -> Judgement:
    """`value`, `expected`, `passes`."""
    if seen["value"] != seen["expected"]:
        return Judgement(BROKEN, f"came to {seen['value']!r} instead of {seen['expected']!r}")
    return Judgement(
        WORKS if seen["passes"] else PARTLY,
        "right"
        if seen["passes"]
        else "right, but tasks must fetch the results before them themselves",
    )


def error(seen: Observation) -> Judgement:
    """`after_ran` = how many steps behind the error ran, `told` = what the caller learns, `handler` = an error handler ran."""
    if seen["after_ran"]:
        return Judgement(BROKEN, f"{seen['after_ran']} steps behind the error ran")
    if not seen["told"]:
        lacks = "the caller of the chain is told nothing" + (
            ", an error handler is" if seen["handler"] else ""
        )
        return Judgement(PARTLY, f"nothing behind the error ran; {lacks}")
    return Judgement(
        WORKS, f"nothing behind the error ran, and the caller learns {str(seen['told'])[:80]!r}"
    )


JUDGES = {
    "flow.chain": chain,
    "flow.group": group,
    "flow.chord": chord,
    "flow.nested": nested,
    "flow.error": error,
}
