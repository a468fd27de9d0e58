"""Concurrency models, told by the pids, threads and greenlets of overlapping tasks, not by name."""

from collections.abc import Sequence

from bench.inprocess.trials.spans import Span
from bench.model.feature_outcome import BROKEN, WORKS, Judge, Judgement, Observation


def model(spans: Sequence[Span]) -> str:
    """`processes`, `threads`, `greenlets`, or `one at a time`."""
    pairs = [
        (a, b)
        for n, a in enumerate(spans)
        for b in spans[n + 1 :]
        if a["started_ns"] < b["finished_ns"] and b["started_ns"] < a["finished_ns"]
    ]
    differ = {
        "processes": any(a["pid"] != b["pid"] for a, b in pairs),
        "threads": any(a["thread"] != b["thread"] for a, b in pairs),
        "greenlets": any(a["greenlet"] != b["greenlet"] for a, b in pairs),
    }
    return next((name for name, differing in differ.items() if differing), "one at a time")


def of(wanted: str) -> Judge:
    """The judge of a pool that is said to be of this kind."""

    def judged(observed: Observation) -> Judgement:
        """`spans` of the tasks, `called` = what the library calls this pool."""
        if len(observed["spans"]) < 2:
            return Judgement(BROKEN, f"{len(observed['spans'])} of 2 tasks ran")
        observed_model = model(observed["spans"])
        what = (
            f"{observed['called']}: two tasks of 300 ms ran as {observed_model}"
            if observed_model != "one at a time"
            else f"{observed['called']}: two tasks ran one after the other"
        )
        return Judgement(WORKS if observed_model == wanted else BROKEN, what)

    return judged


def inline(observed: Observation) -> Judgement:
    """`spans`, `main_pid` of the worker, `called`."""
    if len(observed["spans"]) < 2:
        return Judgement(BROKEN, f"{len(observed['spans'])} of 2 tasks ran")
    if model(observed["spans"]) != "one at a time":
        return Judgement(BROKEN, f"{observed['called']}: two tasks ran at the same time")
    if {span["pid"] for span in observed["spans"]} != {observed["main_pid"]}:
        return Judgement(
            BROKEN, f"{observed['called']}: tasks ran in another process than the worker's main one"
        )
    return Judgement(WORKS, f"{observed['called']}: one after the other, in the main process")


JUDGES = {
    "pool.processes": of("processes"),
    "pool.threads": of("threads"),
    "pool.greenlets": of("greenlets"),
    "pool.inline": inline,
}
