"""The judges of task types: synchronous, background, async and batched calls."""

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def sync(observed: Observation) -> Judgement:
    """`value`, `expected`, `caller_pid`, `pids` of the runs."""
    if observed["value"] != observed["expected"]:
        return Judgement(
            BROKEN, f"returned {observed['value']!r} instead of {observed['expected']!r}"
        )
    if set(observed["pids"]) != {observed["caller_pid"]}:
        return Judgement(BROKEN, "it ran in another process than the caller's")
    return Judgement(WORKS, "ran in the caller's process and returned its value there")


def background(observed: Observation) -> Judgement:
    """`value`, `expected`, `caller_pid`, `pids`, `call_ms`, `task_ms`."""
    if not observed["pids"]:
        return Judgement(BROKEN, "it never ran")
    if observed["caller_pid"] in observed["pids"]:
        return Judgement(BROKEN, "it ran in the caller's process")
    if observed["call_ms"] >= observed["task_ms"]:
        return Judgement(BROKEN, f"the call took {observed['call_ms']:.0f} ms, as long as the task")
    if observed["value"] != observed["expected"]:
        return Judgement(
            BROKEN, f"returned {observed['value']!r} instead of {observed['expected']!r}"
        )
    return Judgement(
        WORKS,
        f"the call returned after {observed['call_ms']:.1f} ms, "
        f"the task of {observed['task_ms']:.0f} ms ran in a worker",
        {"call_ms": observed["call_ms"]},
    )


def async_def(observed: Observation) -> Judgement:
    """`value`, `expected`, `overlap` = how many ran at a time in one slot, `error`."""
    if observed.get("error"):
        return Judgement(BROKEN, f"accepted, then: {observed['error']}")
    if observed["value"] != observed["expected"]:
        return Judgement(
            BROKEN, f"returned {observed['value']!r} instead of {observed['expected']!r}"
        )
    if observed["overlap"] < 2:
        return Judgement(
            PARTLY, "it runs, but one at a time: the slot waits while the coroutine waits"
        )
    return Judgement(WORKS, f"{observed['overlap']} ran at a time in one slot")


def batch(observed: Observation) -> Judgement:
    """`asked`, `ran` = tasks that ran exactly once, `reads` = requests that the broker read."""
    if observed["ran"] != observed["asked"]:
        return Judgement(BROKEN, f"{observed['ran']} of {observed['asked']} ran exactly once")
    each = observed["reads"] / observed["asked"]
    if each >= 0.5:
        return Judgement(
            PARTLY,
            f"one call takes many, but sends them one by one: {each:.2f} round trips a task",
            {"round_trips_per_task": each},
        )
    return Judgement(
        WORKS,
        f"{observed['asked']} tasks in {observed['reads']} round trips",
        {"round_trips_per_task": each},
    )


JUDGES = {
    "call.sync": sync,
    "call.background": background,
    "call.async_def": async_def,
    "call.batch": batch,
}
