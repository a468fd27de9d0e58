"""What every format needs: outside text on one line, finite numbers, the order of the lines."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import JsonValue

from bench.analysis.comparison_result import Change, Changes
from bench.analysis.formatting import number, scale
from bench.base.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_OK, EXIT_REGRESSION, EXIT_WRONG
from bench.model.metric import METRICS
from bench.model.stored import Json

Outcome = Literal["passed", "failed", "error", "skipped"]
HEADLINES = {
    EXIT_OK: "ok",
    EXIT_REGRESSION: "regression",
    EXIT_INCONCLUSIVE: "inconclusive",
    EXIT_WRONG: "wrong",
    EXIT_INVALID: "invalid",
}
# The command could not say what it was asked for: what is unclear then stands in the way, else it
# is only left open.
UNDECIDED = (EXIT_INCONCLUSIVE, EXIT_INVALID)
_RANK = {"regression": 0, "unclear": 1, "improvement": 2, "differs": 2, "same": 3}
# Besides spaces: control characters, the marks that turn the direction of text around, and halves
# of surrogate pairs, which no encoding has.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def one_line(text: JsonValue) -> str:
    """A text from outside as one line that can be written in every encoding and file."""
    return " ".join(
        _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(str(text).split())).split()
    )


def finite(value: float | None) -> float | None:
    """The number, or None for what JSON cannot say: NaN and infinity."""
    return float(value) if value is not None and math.isfinite(value) else None


def as_json(value: Any) -> str:
    """A JSON document; ValueError for a NaN, for a reader would refuse the whole file.

    Any: documents of one type of value are no `dict[str, JsonValue]` to the type checker.
    """
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def headline(changes: Changes) -> str:
    """What the exit code means, in a word or two.

    It is not `ok` where nothing was compared, or something is worse without failing the command.
    """
    if changes.exit_code != EXIT_OK:
        return HEADLINES.get(changes.exit_code, f"exit code {changes.exit_code}")
    if worse := sum(line.says == "regression" for line in changes.lines):
        return f"{worse} worse, which fails nothing"
    if not changes.lines:
        return "nothing was compared"
    return (
        "nothing is decided"
        if all(line.says == "unclear" for line in changes.lines)
        else HEADLINES[EXIT_OK]
    )


def verdict(changes: Changes) -> str:
    """Headline and summary in one line; a summary that begins with the same word says it once."""
    summary, word = one_line(changes.summary), headline(changes)
    return summary if summary.startswith(word) else f"{word}: {summary}"


def ordered(changes: Changes) -> list[Change]:
    """Regressions first, then what is unclear, each by weight."""
    return sorted(
        changes.lines,
        key=lambda line: (_RANK[line.says], 0.0 if math.isnan(line.weight) else -line.weight),
    )


def outcome(line: Change, exit_code: int) -> Outcome:
    """What a line is worth in a test report: it fails nothing that the command does not fail."""
    if line.says == "regression" or line.verdict == "wrong":
        return "skipped" if exit_code == EXIT_OK else "failed"
    if line.says == "unclear":
        return "error" if exit_code in UNDECIDED else "skipped"
    return "passed"


def shown(value: float | None, metric: str) -> str:
    """A measured number with its unit."""
    measured = finite(value)
    if measured is None:
        return "–"
    unit, divisor = scale(metric)
    return f"{number(measured / divisor)} {unit}".rstrip()


def change(value: float | None, metric: str) -> str:
    """A ratio as `+3.2 %`, or the difference of a count as `+1`."""
    ratio = finite(value)
    if ratio is None:
        return "–"
    if METRICS[metric].kind == "count":
        # + 0.0: a difference of -0.00002 is none, and no -0 either.
        return f"{round(ratio, 3) + 0.0:+g}"
    # More than doubled: a percentage of 900 is read as nine times, and it is ten.
    return f"× {number(ratio)}" if ratio >= 2 or ratio <= 0.5 else f"{(ratio - 1) * 100:+.1f} %"


def interval(line: Change) -> str:
    """`+1.0 % … +5.5 %`, or nothing where there is none."""
    if finite(line.low) is None or finite(line.high) is None:
        return ""
    return f"{change(line.low, line.metric)} … {change(line.high, line.metric)}"


def of_whom(line: Change, changes: Changes) -> str:
    """The arm, or BASE → HEAD, that a line is of; empty where the comparison has but one pair.

    Of two runs every arm has its lines.
    """
    if all((line.base, line.head) == (each.base, each.head) for each in changes.lines):
        return ""
    return line.head if line.base == line.head else f"{line.base} → {line.head}"


def title(line: Change, changes: Changes) -> str:
    """The measure in words, with the arm where it takes one to tell lines apart."""
    return one_line(f"{line.label} {of_whom(line, changes)}")


def sentence(line: Change, changes: Changes) -> str:
    """A line in words.

    `Throughput (burst): regression, -5.2 % (-6.0 % … -4.4 %), 972 tasks/s → 921 tasks/s`.
    """
    span = f" ({interval(line)})" if interval(line) else ""
    parts = [] if finite(line.ratio) is None else [f"{change(line.ratio, line.metric)}{span}"]
    if finite(line.base_value) is not None or finite(line.head_value) is not None:
        parts.append(
            f"{shown(line.base_value, line.metric)} → {shown(line.head_value, line.metric)}"
        )
    return one_line(
        f"{title(line, changes)}: "
        + ", ".join([line.says, *parts, *([line.reason] if line.reason else [])])
    )


def facts(about: Json, before: str = "") -> Iterator[tuple[str, str]]:
    """The facts about a comparison, flat: `versions.head.celery` → `5.7.0`."""
    for name, value in about.items():
        if isinstance(value, dict):
            yield from facts(value, f"{before}{name}.")
        elif isinstance(value, (list, tuple)):
            yield one_line(f"{before}{name}"), one_line(", ".join(map(str, value)))
        elif value is not None:
            yield one_line(f"{before}{name}"), one_line(value)
