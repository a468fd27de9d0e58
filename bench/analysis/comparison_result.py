"""The result of a comparison of two arms: one line per measure, and what all of them say together.

`bench compare`, `bench check` and `bench trend` make these; the terminal, Markdown, HTML and the
formats of other tools are made from them.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from pydantic import JsonValue

from bench.model.metric import METRICS, Metric
from bench.model.stored import Json

# `regression` and `improvement` are decided; `same` = inside the tie zone; `unclear` = too noisy or
# too few blocks; `differs` = decided, of a metric that is neither better nor worse (running,
# finished).
Says = Literal["regression", "improvement", "same", "unclear", "differs"]


@dataclass(frozen=True)
class Change:
    """One measure of head beside base.

    `base_value` and `head_value` are over the blocks, in the metric's unit: geometric means
    (`ratio` metrics), means (`count`) or medians (`time_to`). `ratio`, `low`, `high`,
    `smallest_detectable`, `verdict` and `method` are as in comparisons.csv; for counts `ratio` is
    the mean difference head - base.
    `weight` is the distance of the estimate from "the same" in tie zones: what is read first.
    `part` is a type of task of a workload, empty where the measure is over all tasks.
    """

    scenario: str
    case: str
    metric: str
    base: str
    head: str
    base_value: float | None
    head_value: float | None
    ratio: float | None
    low: float | None
    high: float | None
    blocks: int
    smallest_detectable: float | None
    verdict: str
    says: Says
    weight: float = 0.0
    reason: str = ""
    method: str = ""
    part: str = ""

    @property
    def label(self) -> str:
        """The measure in words, with its type of task, scenario and case."""
        case = "" if self.case == "-" else f" {self.case}"
        of = f" of {self.part}" if self.part else ""
        return f"{METRICS[self.metric].label}{of} ({self.scenario}{case})"

    @property
    def id(self) -> str:
        """The measure as one word, for files of other tools: `burst/-/throughput`."""
        of = f"/{self.part}" if self.part else ""
        return f"{self.scenario}/{self.case}/{self.metric}{of}"


@dataclass(frozen=True)
class Changes:
    """All measures of a comparison.

    `exit_code` is that of the command: 0, 1, 2, 3, 4 as DESIGN.md says; `summary` is one line.
    `notes` is what a reader must know before any line: forced, not interleaved, few blocks.
    `about` has the run ids, the machine, the versions of base and head, the seed and the seconds.
    """

    title: str
    base: str
    head: str
    exit_code: int
    summary: str
    lines: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    about: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        """For --json: null for what is no finite number, such as the weight of a lost task."""
        return {name: _sayable(value) for name, value in asdict(self).items()}


def _sayable(value: JsonValue | tuple[JsonValue, ...]) -> JsonValue:
    """JSON has neither NaN nor infinity, and a reader refuses the whole document for one."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _sayable(inner) for name, inner in value.items()}
    return [_sayable(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def says(metric: Metric, verdict: str) -> Says:
    """What a verdict of comparisons.csv means to somebody who changed something."""
    if metric.better == "none" and verdict not in ("tie", "unclear"):
        return "differs"
    meanings: dict[str, Says] = {
        "tie": "same",
        "unclear": "unclear",
        "faster": "improvement",
        "slower": "regression",
        "more": "improvement" if metric.better == "higher" else "regression",
        "less": "regression" if metric.better == "higher" else "improvement",
    }
    return meanings[verdict]


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """`celery 5.5.3 → 5.6.2`, one text per library version that differs, was added or is gone.

    The versions are those that were read inside the workers.
    """
    return [
        f"{name} {before.get(name, 'absent')} → {after.get(name, 'absent')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
