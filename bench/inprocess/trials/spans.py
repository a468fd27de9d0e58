"""Tasks as spans of time, from the marks at their start and end."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypedDict

from bench.inprocess.trials.lab import Mark


class Span(TypedDict):
    """One run of a task: who ran it, and when it began and ended (monotonic nanoseconds)."""

    name: str
    pid: int
    thread: int
    greenlet: int
    started_ns: int
    finished_ns: int


def spans(marks: Sequence[Mark], prefix: str) -> list[Span]:
    """One span for each name that begins so and has both its marks."""
    ends = {
        mark["name"].removesuffix(":end"): mark for mark in marks if mark["name"].endswith(":end")
    }
    starts = [
        (mark["name"].removesuffix(":start"), mark)
        for mark in marks
        if mark["name"].startswith(prefix) and mark["name"].endswith(":start")
    ]
    return [
        Span(
            name=name,
            pid=mark["pid"],
            thread=mark["thread"],
            greenlet=mark["greenlet"],
            started_ns=mark["ns"],
            finished_ns=ends[name]["ns"],
        )
        for name, mark in starts
        if name in ends
    ]


def most(runs: Sequence[Span]) -> int:
    """The largest number of these runs that went on at the same time."""
    # At the same stamp an end comes before a start.
    edges = sorted(
        [(span["started_ns"], 1) for span in runs] + [(span["finished_ns"], -1) for span in runs]
    )
    return max(accumulate((change for _, change in edges), initial=0))


def counts(marks: Sequence[Mark], name: str, key: str) -> Counter[Any]:
    """How often each value of a fact stands in the marks of a name."""
    return Counter(mark[key] for mark in marks if mark["name"] == name)
