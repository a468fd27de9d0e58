"""Task types."""

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def sync(seen: Observation) -> Judgement:
    """`value`, `expected`, `caller_pid`, `pids` of the runs."""
    if seen["value"] != seen["expected"]:
        return Judgement(BROKEN, f"returned {seen['value']!r} instead of {seen['expected']!r}")
    if set(seen["pids"]) != {seen["caller_pid"]}:
        return Judgement(BROKEN, "it ran in another process than the caller's")
    return Judgement(WORKS, "ran in the caller's process and returned its value there")


def background(seen: Observation) -> Judgement:
    """`value`, `expected`, `caller_pid`, `pids`, `call_ms`, `task_ms`."""
    if not seen["pids"]:
        return Judgement(BROKEN, "it never ran")
    if seen["caller_pid"] in seen["pids"]:
        return Judgement(BROKEN, "it ran in the caller's process")
    if seen["call_ms"] >= seen["task_ms"]:
        return Judgement(BROKEN, f"the call took {seen['call_ms']:.0f} ms, as long as the task")
    if seen["value"] != seen["expected"]:
        return Judgement(BROKEN, f"returned {seen['value']!r} instead of {seen['expected']!r}")
    return Judgement(
        WORKS,
        f"the call returned after {seen['call_ms']:.1f} ms, the task of {seen['task_ms']:.0f} ms ran in a worker",
        {"call_ms": seen["call_ms"]},
    )


def async_def(seen: Observation) -> Judgement:
    """`value`, `expected`, `overlap` = how many ran at a time in one slot, `error`."""
    if seen.get("error"):
        return Judgement(BROKEN, f"accepted, then: {seen['error']}")
    if seen["value"] != seen["expected"]:
        return Judgement(BROKEN, f"returned {seen['value']!r} instead of {seen['expected']!r}")
    if seen["overlap"] < 2:
        return Judgement(
            PARTLY, "it runs, but one at a time: the slot waits while the coroutine waits"
        )
    return Judgement(WORKS, f"{seen['overlap']} ran at a time in one slot")


def batch(seen: Observation) -> Judgement:
    """`asked`, `ran` = how many tasks ran exactly once, `reads` = requests that the broker read for it."""
    if seen["ran"] != seen["asked"]:
        return Judgement(BROKEN, f"{seen['ran']} of {seen['asked']} ran exactly once")
    each = seen["reads"] / seen["asked"]
    if each >= 0.5:
        return Judgement(
            PARTLY,
            f"one call takes many, but sends them one by one: {each:.2f} round trips a task",
            {"round_trips_per_task": each},
        )
    return Judgement(
        WORKS,
        f"{seen['asked']} tasks in {seen['reads']} round trips",
        {"round_trips_per_task": each},
    )


JUDGES = {
    "call.sync": sync,
    "call.background": background,
    "call.async_def": async_def,
    "call.batch": batch,
}
