"""Integration with web frameworks, and what a package says of itself."""

import statistics

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def fastapi(seen: Observation) -> Judgement:
    """`asked`, `ran`, `still_ms` = for how long the event loop stood still at each enqueue."""
    still = sorted(seen["still_ms"])
    figures = {"loop_still_p50_ms": statistics.median(still), "loop_still_max_ms": still[-1]}
    text = f"the event loop stood still for {figures['loop_still_p50_ms']:.2f} ms at each enqueue (median), at most {figures['loop_still_max_ms']:.1f} ms"
    if seen["ran"] != seen["asked"]:
        return Judgement(BROKEN, f"{seen['ran']} of {seen['asked']} ran; {text}", figures)
    if seen["awaitable"]:
        return Judgement(WORKS, text, figures)
    return Judgement(PARTLY, f"works, but there is no call to await: {text}", figures)


def django(seen: Observation) -> Judgement:
    """`requests` of each kind, `busy_ms` = how long before its commit a transaction enqueues, `ran`.

    `before_commit_missing` and `on_commit_missing`: tasks that did not find their row.
    """
    if seen["ran"] != 2 * seen["requests"]:
        return Judgement(BROKEN, f"{seen['ran']} of {2 * seen['requests']} tasks ran")
    figures = {
        "missing_before_commit": float(seen["before_commit_missing"]),
        "missing_on_commit": float(seen["on_commit_missing"]),
    }
    text = f"enqueued {seen['busy_ms']:g} ms before the commit, {seen['before_commit_missing']} of {seen['requests']} tasks did not find their row"
    if seen["on_commit_missing"]:
        return Judgement(
            BROKEN,
            f"even by {seen['call']} {seen['on_commit_missing']} of {seen['requests']} tasks did not find their row",
            figures,
        )
    return Judgement(WORKS, f"{text}; by {seen['call']} all did", figures)


def package(seen: Observation) -> Judgement:
    """`release`, `python`, `requires` = distributions that come with it, `status` in the words of its classifiers, `licence`."""
    text = f"release {seen['release']}, {seen['status']}, Python {seen['python']}, {seen['requires']} dependencies, {seen['licence']}"
    return Judgement(WORKS, text, {"dependencies": float(seen["requires"])})


JUDGES = {"web.fastapi": fastapi, "web.django": django, "community.package": package}
