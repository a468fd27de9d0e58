"""What the gate looks at: the base's and the head's number of each measure, block by block.

Where there is no number, the verdict says why.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pandas as pd

HARD = ("lost", "doubled", "unexpected")  # wrong: exit 3
SOFT = ("refused", "failed", "stuck", "open")  # a regression: exit 1
# Not finished when the cell ended: a stall of the machine can do that once.
LATE = ("stuck", "open")
OF_BURST = (
    "throughput",
    "enqueue_rate",
    "worker_memory_peak_bytes",
    "broker_memory_peak_bytes",
    "worker_cpu_ms_per_task",
    "broker_cpu_us_per_task",
)
P50, P99, TRIMMED_P99 = "latency_p50_ms", "latency_p99_ms", "latency_p99_calm_ms"
# May fail, but need not be settled: one stall of the machine makes it ten times as large.
# So does one late spell what was late.
LATE_SHARE = "late_share"
WATCHED = (P99, LATE_SHARE)
OF_LATENCY = (P50, TRIMMED_P99, P99)
COMMANDS = "broker_commands_per_task"
# Of a load from a file, over all tasks and of each type.
CPU = "cpu_s_per_1000"
OF_WORKLOAD = (P50, TRIMMED_P99, P99, LATE_SHARE, CPU)
WORKLOAD = "workload"
GATED = tuple(dict.fromkeys((*OF_BURST, COMMANDS, *OF_LATENCY, *OF_WORKLOAD)))
LOAD_AT_MOST = 0.7


class Key(NamedTuple):
    """One measure of one case; `part` is a type of task, empty where it is over all."""

    scenario: str
    case: str
    metric: str
    part: str = ""

    @property
    def id(self) -> str:
        """The measure as one word."""
        return "/".join(filter(None, self))


class Number(NamedTuple):
    """A value, or the verdict why there is none."""

    value: float | None
    verdict: str = "ok"


@dataclass(frozen=True)
class Block:
    """Base and head, measured side by side once; `seconds` that each scenario took for both."""

    pairs: Mapping[Key, tuple[Number, Number]]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def scenarios(self) -> frozenset[str]:
        """The scenarios that were measured in it."""
        return frozenset(key.scenario for key in self.pairs)

    def only(self, scenarios: Sequence[str]) -> "Block":
        """What it would have been without all others."""
        if self.scenarios <= set(scenarios):
            return self
        return Block(
            {key: pair for key, pair in self.pairs.items() if key.scenario in scenarios},
            {name: s for name, s in self.seconds.items() if name in scenarios},
        )

    def swapped(self) -> "Block":
        """The same with base and head in each other's place."""
        return Block({key: (head, base) for key, (base, head) in self.pairs.items()}, self.seconds)


def is_gated(key: Key) -> bool:
    """Whether the gate judges this measure.

    Latencies are judged up to load 0.7: beyond it a percentile differs by a quarter from run to
    run.
    """
    if key.metric in (*HARD, *SOFT):
        return not key.part  # those of a type are among those of all
    if key.scenario == WORKLOAD:
        return key.metric in OF_WORKLOAD
    if key.part:
        return False
    kind, _, value = key.case.partition("=")
    return key.metric in GATED and (
        not key.metric.startswith("latency") or (kind == "load" and float(value) <= LOAD_AT_MOST)
    )


def blocks_of(
    measures: pd.DataFrame,
    base: str,
    head: str,
    seconds: Mapping[int, Mapping[str, float]] | None = None,
) -> list[Block]:
    """The blocks of two arms from the rows of measures.csv that stand.

    Of several rows of one measure the last counts. `seconds`: block → scenario → how long both arms
    took.
    """
    ours = measures[measures["arm"].isin((base, head)) & (measures["stands"] == 1)]
    numbers: dict[int, dict[Key, dict[str, Number]]] = {}
    values = pd.to_numeric(ours["value"]).to_numpy(dtype=float)
    for row, value in zip(ours.itertuples(), values, strict=True):
        key = Key(str(row.scenario), str(row.case), str(row.metric), str(getattr(row, "part", "")))
        if is_gated(key):
            sides = numbers.setdefault(int(str(row.block)), {}).setdefault(key, {})
            sides[str(row.arm)] = _number(float(value), str(row.verdict))
    return [
        Block(
            {
                key: (sides[base], sides[head])
                for key, sides in numbers[block].items()
                if len(sides) == 2
            },
            (seconds or {}).get(block, {}),
        )
        for block in sorted(numbers)
    ]


def _number(value: float, verdict: str) -> Number:
    if math.isnan(value):
        return Number(None, verdict)
    # A count of a wrong cell is a number like any other; all else of it is none.
    return Number(value, "ok" if verdict in ("ok", "wrong") else verdict)
