"""What the gate looks at: per block and measure the base's and the head's number, or why there is none; from a run, or from a recording."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bench.base.errors import UsageError
from bench.model.metric import METRICS

HARD = ("lost", "doubled", "unexpected")  # wrong: exit 3
SOFT = ("refused", "failed", "stuck", "open")  # a regression: exit 1
LATE = (
    "stuck",
    "open",
)  # not finished when the cell ended: a stall of the machine can do that once
OF_BURST = (
    "throughput",
    "enqueue_rate",
    "worker_memory_peak_bytes",
    "broker_memory_peak_bytes",
    "worker_cpu_ms_per_task",
    "broker_cpu_us_per_task",
)
P99, CALM = "latency_p99_ms", "latency_p99_calm_ms"
WATCHED = (
    P99,
)  # may fail, but need not be settled: one stall of the machine makes it ten times as large
OF_LATENCY = ("latency_p50_ms", CALM, *WATCHED)
COMMANDS = "broker_commands_per_task"
GATED = (*OF_BURST, COMMANDS, *OF_LATENCY)
LOAD_AT_MOST = 0.7
ABOUT = ("recording", "base", "head", "block")
SECONDS = "seconds "  # the columns of how long each scenario took


class Key(NamedTuple):
    """One measure of one case."""

    scenario: str
    case: str
    metric: str

    @property
    def id(self) -> str:
        """The measure as one word."""
        return "/".join(self)


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
        """Those that were measured in it."""
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


@dataclass(frozen=True)
class Recording:
    """Blocks of two arms in the order in which they were measured."""

    name: str
    base: str
    head: str
    blocks: tuple[Block, ...] = field(repr=False)


def is_gated(key: Key) -> bool:
    """Whether the gate judges this measure; latencies up to load 0.7 only: beyond it a percentile differs by a quarter from run to run."""
    if key.metric in (*HARD, *SOFT):
        return True
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
    """The blocks of two arms from the rows of measures.csv; where a cell was measured once more, the later usable number stands."""
    found: dict[int, dict[Key, dict[str, Number]]] = {}
    for row in measures[measures["arm"].isin((base, head))].itertuples():
        key = Key(str(row.scenario), str(row.case), str(row.metric))
        if not is_gated(key):
            continue
        sides = found.setdefault(int(str(row.block)), {}).setdefault(key, {})
        number = _number(row.value, str(row.verdict))
        if str(row.arm) not in sides or number.verdict != "invalid":
            sides[str(row.arm)] = number
    whole = {
        block: {key: (sides[base], sides[head]) for key, sides in keys.items() if len(sides) == 2}
        for block, keys in found.items()
    }
    return [Block(whole[block], (seconds or {}).get(block, {})) for block in sorted(whole)]


def _number(value: object, verdict: str) -> Number:
    number = math.nan if value is None else float(value)  # type: ignore[arg-type]
    # A count of a wrong cell is a number like any other; all else of it is none.
    return (
        Number(None, verdict)
        if math.isnan(number)
        else Number(number, "ok" if verdict in ("ok", "wrong") else verdict)
    )


def write_recording(path: Path, recording: Recording) -> None:
    """One line per block: for each measure and side its number, or the verdict as a word."""
    keys = sorted({key for block in recording.blocks for key in block.pairs})
    timed = sorted({name for block in recording.blocks for name in block.seconds})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(
                [
                    *ABOUT,
                    *(SECONDS + name for name in timed),
                    *(f"{key.id} {side}" for key in keys for side in ("base", "head")),
                ]
            )
            for at, block in enumerate(recording.blocks):
                sides = [
                    _word(number)
                    for key in keys
                    for number in block.pairs.get(key, (Number(None, ""), Number(None, "")))
                ]
                writer.writerow(
                    [
                        recording.name,
                        recording.base,
                        recording.head,
                        at,
                        *(f"{block.seconds.get(name, 0.0):.1f}" for name in timed),
                        *sides,
                    ]
                )
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}): choose another file"
        ) from None


def _word(number: Number) -> str:
    return number.verdict if number.value is None else f"{number.value:.9g}"


def read_recordings(path: Path) -> list[Recording]:
    """The recordings of a file that `bench check --record` has written; UsageError in one line for any other file."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file))
        if not lines or not set(ABOUT) <= set(lines[0]):
            raise ValueError("it has no blocks")
        keys = _keys(
            [name for name in lines[0] if name not in ABOUT and not name.startswith(SECONDS)]
        )
        named: dict[tuple[str, str, str], list[Block]] = {}
        for line in lines:
            named.setdefault((line["recording"], line["base"], line["head"]), []).append(
                _block(line, keys)
            )
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}): name a file that `bench check --record` has made"
        ) from None
    except (ValueError, KeyError, TypeError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"{path} is no recording of blocks, or damaged ({error}): make one by `bench check --record`"
        ) from None
    return [Recording(*about, tuple(blocks)) for about, blocks in named.items()]


def _keys(columns: Sequence[str]) -> list[Key]:
    found = []
    for name in columns:
        parts = name.rpartition(" ")[0].split("/")
        if len(parts) != 3 or parts[2] not in METRICS or not name.endswith((" base", " head")):
            raise ValueError(f"unknown column {name}")
        found.append(Key(*parts))
    return list(dict.fromkeys(found))


def _block(line: Mapping[str, str], keys: Sequence[Key]) -> Block:
    pairs = {}
    for key in keys:
        texts = (line[f"{key.id} base"], line[f"{key.id} head"])
        if all(texts):
            pairs[key] = (_read(texts[0]), _read(texts[1]))
    return Block(
        pairs,
        {
            name.removeprefix(SECONDS): float(text)
            for name, text in line.items()
            if name.startswith(SECONDS)
        },
    )


def _read(text: str) -> Number:
    return Number(None, text) if text.isalpha() or "_" in text else Number(float(text))
