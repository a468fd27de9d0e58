"""Monitoring, watched the same way for every system: what it shows, and what it costs."""

from collections.abc import Callable, Mapping

from bench.inprocess.trials.calling import busy
from bench.inprocess.trials.lab import GaveUp, Lab, Observation
from bench.inprocess.trials.trial import System
from bench.inprocess.trials.web import get

PAIRS, DRAIN = 3, 300


def shows(lab: Lab, what: str, pages: Mapping[str, str], words: Mapping[str, str]) -> Observation:
    """Whether the page `done` shows its word, and the page `failed` its own, within 6 s."""

    def there(name: str) -> bool:
        return words[name] in get(pages[name])[1]

    lab.until(lambda: there("done") and there("failed"), 6)
    return {
        "what": what,
        "status": [get(page)[0] for page in pages.values()],
        "shows_done": there("done"),
        "shows_failed": there("failed"),
    }


def queue_up(system: System, busy_s: float) -> None:
    """Let seven tasks wait behind one that runs."""
    busy(system, busy_s)
    for _ in range(7):
        system.enqueue("touch", "waiting")


def drains(what: str, drain: Callable[[bool], float]) -> Observation:
    """Drains with the monitoring on and off, in turns; `drain(on)` gives its seconds."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for pair in range(PAIRS):
        for on in (True, False) if pair % 2 == 0 else (False, True):
            took[on].append(drain(on))
    return {"what": what, "with_s": took[True], "without_s": took[False]}


def fill(system: System, count: int = DRAIN) -> range:
    """Enqueue what is to be drained; the places of its marks among all of theirs."""
    before = len(system.lab.marks("drain"))
    for _ in range(count):
        system.enqueue("touch", "drain")
    return range(before, before + count)


def drain_s(lab: Lab, places: range) -> float:
    """The seconds from the first run to the last."""
    if not lab.until(lambda: len(lab.marks("drain")) >= places.stop, 8):
        ran = len(lab.marks("drain")) - places.start
        raise GaveUp(f"{ran} of {len(places)} tasks ran: {lab.logs()}")
    marks = lab.marks("drain")
    return float(marks[places[-1]]["ns"] - marks[places[0]]["ns"]) / 1e9
