"""Recorded blocks: measured as a live gate measures them, but without a decision, and kept.

They are a CSV file with one line per block, so that a pull request can show them.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bench.analysis.comparison_result import Changes
from bench.base.errors import UsageError
from bench.check.blocks import Block, Key, Number
from bench.check.check_options import CheckOptions
from bench.check.decision import decide
from bench.check.live_gate import LiveGate, prepared
from bench.model.metric import METRICS
from bench.run.runner import Watcher

ABOUT = ("recording", "base", "head", "block")
SECONDS = "seconds "  # the columns of how long each scenario took
SIDES = ("base", "head")
NOT_MEASURED = Number(None, "")
MAKE_ONE = "`python -m tools.gate_lab record`"


@dataclass(frozen=True)
class Recording:
    """Blocks of two arms in the order in which they were measured."""

    name: str
    base: str
    head: str
    blocks: tuple[Block, ...] = field(repr=False)


@dataclass
class Recorder(LiveGate):
    """A gate that goes on for `count` blocks, whatever they say."""

    count: int = 1

    def wanted(self, measures: pd.DataFrame) -> bool:
        """Whether there are fewer blocks than `count`; the decision comes with the last."""
        blocks = self.blocks(measures)
        if len(blocks) < self.count:
            return True
        self.decision = decide(blocks, self.looks.rules, ended=True)
        return False


def record_blocks(
    options: CheckOptions, count: int, watcher: Watcher | None = None
) -> tuple[Changes, Recording]:
    """Measure `count` blocks; what they come to, and the blocks themselves.

    Features are not tried. UsageError as `bench.check.live_gate.check` raises it.
    """
    runner, (base, head) = prepared(options, watcher)
    recorder = Recorder(options, runner, (base.name, head.name), count=count)
    recorder.measure()
    blocks = tuple(recorder.stored_blocks())
    return recorder.changes(), Recording(runner.folder.name, base.name, head.name, blocks)


def write_recording(path: Path, recording: Recording) -> None:
    """One line per block: for each measure and side its number, or the verdict as a word.

    UsageError if the file cannot be written.
    """
    keys = sorted({key for block in recording.blocks for key in block.pairs})
    timed = sorted({name for block in recording.blocks for name in block.seconds})
    columns = [f"{key.id} {side}" for key in keys for side in SIDES]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*ABOUT, *(SECONDS + name for name in timed), *columns])
            about = (recording.name, recording.base, recording.head)
            for at, block in enumerate(recording.blocks):
                seconds = [f"{block.seconds.get(name, 0.0):.1f}" for name in timed]
                pairs = [block.pairs.get(key, (NOT_MEASURED, NOT_MEASURED)) for key in keys]
                words = [_word(number) for pair in pairs for number in pair]
                writer.writerow([*about, at, *seconds, *words])
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}): choose another file"
        ) from None


def _word(number: Number) -> str:
    return number.verdict if number.value is None else f"{number.value:.9g}"


def read_recordings(path: Path) -> list[Recording]:
    """The recordings of a file that `write_recording` has made; UsageError for any other file."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file))
        if not lines or not set(ABOUT) <= set(lines[0]):
            raise ValueError("it has no blocks")
        keys = _keys(
            [name for name in lines[0] if name not in ABOUT and not name.startswith(SECONDS)]
        )
        blocks: dict[tuple[str, str, str], list[Block]] = {}
        for line in lines:
            about = (line["recording"], line["base"], line["head"])
            blocks.setdefault(about, []).append(_block(line, keys))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}): name a file that {MAKE_ONE} has made"
        ) from None
    except (ValueError, KeyError, TypeError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"{path} is no recording of blocks, or damaged ({error}): make one by {MAKE_ONE}"
        ) from None
    return [Recording(*about, tuple(each)) for about, each in blocks.items()]


def _keys(columns: Sequence[str]) -> list[Key]:
    keys = []
    for name in columns:
        parts = name.rpartition(" ")[0].split("/")
        known = len(parts) in (3, 4) and parts[2] in METRICS
        if not known or not name.endswith((" base", " head")):
            raise ValueError(f"unknown column {name}")
        keys.append(Key(*parts))
    return list(dict.fromkeys(keys))


def _block(line: Mapping[str, str], keys: Sequence[Key]) -> Block:
    pairs = {}
    for key in keys:
        base, head = (line[f"{key.id} {side}"] for side in SIDES)
        if base and head:
            pairs[key] = (_number(base), _number(head))
    seconds = {
        name.removeprefix(SECONDS): float(text)
        for name, text in line.items()
        if name.startswith(SECONDS)
    }
    return Block(pairs, seconds)


def _number(text: str) -> Number:
    return Number(None, text) if text.isalpha() or "_" in text else Number(float(text))
