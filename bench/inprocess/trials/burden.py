"""Monitoring, watched the same way for every system: what its pages show, and what it costs."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.inprocess.trials.lab import GaveUp, Lab, Observation
from bench.inprocess.trials.web import get

PAIRS, DRAIN = 3, 300


def shows(
    lab: Lab, what: str, pages: Mapping[str, str], words: Mapping[str, str], timeout_s: float = 6.0
) -> Observation:
    """Whether the page `done` shows its word, and the page `failed` its own, within `timeout_s`."""

    def there(name: str) -> bool:
        return words[name] in get(pages[name])[1]

    lab.until(lambda: there("done") and there("failed"), timeout_s)
    return {
        "what": what,
        "status": [get(page)[0] for page in pages.values()],
        "shows_done": there("done"),
        "shows_failed": there("failed"),
    }


def drains(
    lab: Lab, what: str, switch: Callable[[bool], None], enqueue: Callable[[], Any]
) -> Observation:
    """Drains with the monitoring on and off, in turns; seconds from the first run to the last."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for pair in range(PAIRS):
        for on in (True, False) if pair % 2 == 0 else (False, True):
            switch(on)
            took[on].append(_drain(lab, enqueue))
    return {"what": what, "with_s": took[True], "without_s": took[False]}


def _drain(lab: Lab, enqueue: Callable[[], Any]) -> float:
    before = len(lab.marks("drain"))
    for _ in range(DRAIN):
        enqueue()
    if not lab.until(lambda: len(lab.marks("drain")) >= before + DRAIN, 8):
        raise GaveUp(f"{len(lab.marks('drain')) - before} of {DRAIN} tasks ran: {lab.logs()}")
    marks = lab.marks("drain")[before : before + DRAIN]
    return float(marks[-1]["ns"] - marks[0]["ns"]) / 1e9
