"""Integration with web frameworks, and what a package says of itself."""

import statistics

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def fastapi(observed: Observation) -> Judgement:
    """`asked`, `ran`, `still_ms` = for how long the event loop stood still at each enqueue."""
    still = sorted(observed["still_ms"])
    figures = {"loop_still_p50_ms": statistics.median(still), "loop_still_max_ms": still[-1]}
    text = (
        f"the event loop stood still for {figures['loop_still_p50_ms']:.2f} ms at each enqueue "
        f"(median), at most {figures['loop_still_max_ms']:.1f} ms"
    )
    if observed["ran"] != observed["asked"]:
        return Judgement(BROKEN, f"{observed['ran']} of {observed['asked']} ran; {text}", figures)
    if observed["awaitable"]:
        return Judgement(WORKS, text, figures)
    return Judgement(PARTLY, f"works, but there is no call to await: {text}", figures)


def django(observed: Observation) -> Judgement:
    """`requests` of each kind, `ran`, `busy_ms` = how long before its commit a view enqueues.

    `before_commit_missing` and `on_commit_missing`: tasks that did not find their row.
    """
    if observed["ran"] != 2 * observed["requests"]:
        return Judgement(BROKEN, f"{observed['ran']} of {2 * observed['requests']} tasks ran")
    figures = {
        "missing_before_commit": float(observed["before_commit_missing"]),
        "missing_on_commit": float(observed["on_commit_missing"]),
    }
    text = (
        f"enqueued {observed['busy_ms']:g} ms before the commit, "
        f"{observed['before_commit_missing']} of {observed['requests']} tasks "
        "did not find their row"
    )
    if observed["on_commit_missing"]:
        return Judgement(
            BROKEN,
            f"even by {observed['call']} {observed['on_commit_missing']} "
            f"of {observed['requests']} tasks did not find their row",
            figures,
        )
    return Judgement(WORKS, f"{text}; by {observed['call']} all did", figures)


def package(observed: Observation) -> Judgement:
    """`release`, `python`, `requires` = distributions that come with it, `licence`.

    `status` is in the words of its classifiers.
    """
    text = (
        f"release {observed['release']}, {observed['status']}, Python {observed['python']}, "
        f"{observed['requires']} dependencies, {observed['licence']}"
    )
    return Judgement(WORKS, text, {"dependencies": float(observed["requires"])})


JUDGES = {"web.fastapi": fastapi, "web.django": django, "community.package": package}
