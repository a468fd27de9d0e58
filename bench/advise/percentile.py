"""The rule of the P99: at fixed rates, which are the same for every arm.

The page's form runs this module too, translated: see `bench.advise.javascript` for what may stand
here.
"""

from collections.abc import Sequence

from bench.advise.asked import Asked
from bench.advise.known import ArmFacts, Known, RatePoint
from bench.advise.requirement import Check, unknown
from bench.advise.wording import plain, short


def p99_check(p99_ms: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    """P99 at the rate that is asked for, from the same measured rates as that of every other arm.

    Never from a load, which is another rate for each arm.
    """
    if asked.rate is None:
        return Check("p99_ms", None, "a P99 needs a rate")
    if asked.task_ms:
        text = "not known, the latency of empty tasks was measured, not that of longer ones"
        return Check("p99_ms", None, text)
    workers = known["workers"]
    if asked.workers not in (None, workers):
        text = f"not known, latency was measured with {workers} workers only"
        return Check("p99_ms", None, text)
    low, high = rates_around(asked.rate, known["arms"])
    lacking = [rate for rate in ([low] if low == high else [low, high]) if not points_at(arm, rate)]
    if lacking:
        cases = " ".join([f"--case rate={plain(rate)}" for rate in lacking])
        why = f"no latency at {' and '.join([short(rate) for rate in lacking])} tasks/s"
        return unknown("p99_ms", f"{why} was measured", f"latency {cases}", workers, [arm["arm"]])
    first, last = points_at(arm, low)[0], points_at(arm, high)[0]
    others = [each["arm"] for each in known["arms"] if _has(each, low, high)]
    return _on_the_line(p99_ms, asked.rate, first, last, workers, others)


def rates_around(rate: float, arms: Sequence[ArmFacts]) -> tuple[float, float]:
    """The two measured rates around this one that most arms have, and of those the closest.

    The rate itself, twice, where arms were measured at it, and where none has any around it.
    """
    pairs = [
        (low["rate"], high["rate"])
        for arm in arms
        for low in arm["p99"]
        if low["rate"] <= rate
        for high in arm["p99"]
        if high["rate"] >= rate
    ]
    best, most = (rate, rate), 0
    for low_rate, high_rate in pairs:
        having = len([arm for arm in arms if _has(arm, low_rate, high_rate)])
        if having > most or (having == most and high_rate - low_rate < best[1] - best[0]):
            best, most = (low_rate, high_rate), having
    return best


def points_at(arm: ArmFacts, rate: float) -> list[RatePoint]:
    """What was measured of an arm at a rate: one point or none."""
    return [point for point in arm["p99"] if point["rate"] == rate]


def _has(arm: ArmFacts, low: float, high: float) -> bool:
    return len(points_at(arm, low)) > 0 and len(points_at(arm, high)) > 0


def _on_the_line(
    p99_ms: float,
    rate: float,
    low: RatePoint,
    high: RatePoint,
    workers: int,
    others: Sequence[str],
) -> Check:
    """On a straight line between two measured rates, whose upper end has none where it grew."""
    if low["p99"] is None:
        return Check("p99_ms", False if low["grew"] else None, _why(low))
    if high["p99"] is None and high["grew"]:
        text = f"{short(low['p99'])} ms at {short(low['rate'])} tasks/s (cell {low['cells']})"
        if low["p99"] > p99_ms:
            return Check("p99_ms", False, f"{text} already, and {_why(high)}")
        why = f"{text}, but {_why(high)}"
        return unknown("p99_ms", why, f"latency --case rate={plain(rate)}", workers, others)
    if high["p99"] is None:
        return Check("p99_ms", None, _why(high))
    if high["rate"] == low["rate"]:
        text = f"{short(low['p99'])} ms at {short(rate)} tasks/s (cell {low['cells']})"
        return Check("p99_ms", low["p99"] <= p99_ms, text, p99_ms / low["p99"])
    share = (rate - low["rate"]) / (high["rate"] - low["rate"])
    found = low["p99"] + share * (high["p99"] - low["p99"])
    text = f"{short(found)} ms at {short(rate)} tasks/s, between {short(low['rate'])} and"
    text += f" {short(high['rate'])} (cells {low['cells']} and {high['cells']})"
    return Check("p99_ms", found <= p99_ms, text, p99_ms / found)


def _why(point: RatePoint) -> str:
    """Why there is no P99 at a rate."""
    where = f"at {short(point['rate'])} tasks/s"
    if point["grew"]:
        return f"{where} the backlog grew (cell {point['cells']})"
    return f"not known {where} (cell {point['cells']}), withheld: {point['withheld']}"
