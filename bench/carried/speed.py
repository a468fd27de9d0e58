"""Old code beside new code, run by run in turns: counts must be the same, and no ratio may be a decided change."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.metrics import METRICS
from bench.store import Run

COUNTS = ("broker_commands_per_task",)
COSTS = ("worker_memory_peak_bytes", "worker_cpu_ms_per_task", "broker_cpu_us_per_task")
SPEEDS = ("throughput", "capacity", "enqueue_rate", "latency_p50_ms", "latency_p99_ms")
# An interval that reaches farther has shown nothing: with noise enough no difference is ever decided. What a task costs is told within
# some per cent by a few pairs; how fast it goes is not, on a machine whose speed swings by a quarter from minute to minute.
FARTHEST = {**dict.fromkeys(COSTS, 0.15), **dict.fromkeys(SPEEDS, 0.75)}
HIGHEST_LOAD = 0.7  # beyond it a P99 is mostly noise
ALPHA = 0.05
Key = tuple[str, str, str]
Numbers = dict[Key, float]


@dataclass(frozen=True)
class Shown:
    """One measure of the new code beside the old: the ratio with its 95 % interval (of a count the difference, the smallest and the largest)."""

    case: str
    arm: str
    metric: str
    pairs: int
    ratio: float
    low: float
    high: float
    smallest_detectable: float | None
    differs: bool

    @property
    def bound(self) -> float:
        """The largest difference that the interval leaves room for, as a share; of a count the largest that was seen."""
        return max(abs(self.low), abs(self.high)) if self.metric in COUNTS else max(self.high, 1 / self.low) - 1

    @property
    def against(self) -> str:
        """Why it does not bear that nothing changed; empty where it does."""
        name = f"{self.arm} {self.metric} {self.case}".removesuffix(" -")
        if self.differs:
            return f"{name} differs ({self.ratio:.3g})"
        return f"{name} may differ by {self.bound:.0%}, more pairs are needed" if self.bound > FARTHEST.get(self.metric, self.bound) else ""


def largest(shown: Sequence[Shown], names: Iterable[str]) -> float | None:
    """The largest bound of these metrics; None where there is none."""
    return max((each.bound for each in shown if each.metric in set(names)), default=None)


def compared(pairs: Sequence[tuple[Run, Run]], scenario: str) -> list[Shown]:
    """Every measure that has a number in three pairs or more; Holm over all of them, for all must hold at once."""
    from bench.stats import MIN_BLOCKS, holm, paired_p

    numbers = [(_numbers(old, scenario), _numbers(new, scenario)) for old, new in pairs]
    keys = {key: None for old, _ in numbers for key in old}
    whole = {key: values for key in keys if len((values := _paired(numbers, key))[0]) >= MIN_BLOCKS}
    ratios = [key for key in whole if key[2] not in COUNTS]
    adjusted = dict(zip(ratios, holm([paired_p(*whole[key]) for key in ratios]), strict=True))
    return [_ratio(key, *values, adjusted[key]) if key in adjusted else _count(key, *values) for key, values in whole.items()]


def _numbers(run: Run, scenario: str) -> Numbers:
    """(case, arm, metric) → the median over the blocks of a run."""
    frame = run.measures
    frame = frame[(frame["scenario"] == scenario) & (frame["verdict"] == "ok") & frame["metric"].isin([*COUNTS, *COSTS, *SPEEDS]) & frame["value"].gt(0)]
    limited = set(frame.loc[frame["reason"].str.startswith("limited by the enqueue call"), "arm"])
    groups = {(str(key[0]), str(key[1]), str(key[2])): rows for key, rows in frame.groupby(["case", "arm", "metric"], sort=False)}
    return {key: float(rows["value"].median()) for key, rows in groups.items() if not _unlike(*key[:2], limited)}


def _unlike(case: str, arm: str, limited: set[str]) -> bool:
    """No like for like: too near the capacity, or a share of one that the generator limited and that was another in every run."""
    kind, _, value = case.partition("=")
    if kind == "load":
        return float(value) > HIGHEST_LOAD or arm in limited
    return case == "capacity" and arm in limited


def _paired(numbers: Sequence[tuple[Numbers, Numbers]], key: Key) -> tuple[list[float], list[float]]:
    both = [(old[key], new[key]) for old, new in numbers if key in old and key in new]
    return [one for one, _ in both], [two for _, two in both]


def _count(key: Key, old: list[float], new: list[float]) -> Shown:
    gaps = [after - before for before, after in zip(old, new, strict=True)]
    return Shown(*key, len(old), sum(gaps) / len(gaps), min(gaps), max(gaps), None, max(map(abs, gaps)) > METRICS[key[2]].floor)


def _ratio(key: Key, old: list[float], new: list[float], p: float) -> Shown:
    from bench.stats import log_ratio_sd, paired_ratio, smallest_detectable

    found = paired_ratio(old, new, ALPHA)
    outside = max(found.ratio, 1 / found.ratio) > 1 + METRICS[key[2]].floor
    low, high = found.low or 0.0, found.high or 0.0  # there are three pairs or more
    return Shown(*key, len(old), found.ratio, low, high, smallest_detectable(log_ratio_sd(old, new), len(old), ALPHA), p <= ALPHA and outside)


def against(shown: Sequence[Shown], systems: Iterable[str]) -> Iterator[str]:
    """What does not bear that nothing changed for these systems."""
    yield from filter(None, (each.against for each in shown))
    there = {each.arm.partition("/")[0] for each in shown if each.metric in COSTS + SPEEDS}
    yield from (f"the evidence has no speed of {system}" for system in sorted(set(systems) - there))
