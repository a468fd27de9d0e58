"""What a repository asks of its gate: the table [check] of bench.toml, and options."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.base.errors import UsageError
from bench.base.toml_file import read_toml
from bench.check.blocks import GATED
from bench.model.arm import nearest
from bench.model.toml_words import in_words

FILE = "bench.toml"
Size = Annotated[float | str, Field(union_mode="left_to_right")]


class Settings(BaseModel):
    """Every word of [check]; options of the command line go before it."""

    model_config = ConfigDict(extra="forbid")

    base: str | None = None
    head: str | None = None
    scenarios: list[str] = []
    cases: list[str] = []
    budget: str = "10m"
    fail_on: list[str] = []
    thresholds: dict[str, Size] = {}
    workers: int | None = None
    tasks: int | None = None
    features: bool = True
    workload: str | None = None


def from_file(folder: Path) -> Settings:
    """The settings of bench.toml in this folder; none if there is no such file.

    UsageError for a file that cannot be read and for an unknown word.
    """
    path = folder / FILE
    if not path.is_file():
        return Settings()
    try:
        return Settings.model_validate(read_toml(path).document.get("check", {}))
    except ValidationError as error:
        first = error.errors()[0]
        word = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"{path}: {nearest(word, Settings.model_fields, 'word in [check]')}"
            ) from None
        raise UsageError(f"{path}: [check] {word}: {in_words(first)}") from None


def metrics(words: Iterable[str]) -> tuple[str, ...]:
    """The measures that a gate can fail on; UsageError for any other, with the nearest."""
    named = tuple(dict.fromkeys(words))
    for word in named:
        if word not in GATED:
            close = difflib.get_close_matches(word, GATED, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]}?" if close else f"it judges {', '.join(GATED)}"
            raise UsageError(f"the gate does not judge {word!r}: {hint}")
    return named


def thresholds(given: Iterable[str], stored: dict[str, float | str]) -> dict[str, float]:
    """Metric → threshold, from METRIC=5% or METRIC=0.05 (for a count METRIC=N).

    What is `given` replaces what is `stored` in the file. UsageError for anything else.
    """
    sizes = dict(stored)
    for text in given:
        metric, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--threshold {text}: write METRIC=5%")
        sizes[metric.strip()] = value
    metrics(sizes)
    return {metric: _share(metric, size) for metric, size in sizes.items()}


def _share(metric: str, value: float | str) -> float:
    text = str(value).strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share < 10:
        raise UsageError(f"threshold {metric}={value}: give a change such as 5% or 0.05")
    return share


def seconds(text: str) -> float:
    """A budget such as 10m, 90s, 1h or 600 (seconds); UsageError for anything else."""
    units = {"s": 1, "m": 60, "h": 3600}
    text = text.strip()
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        budget_s = float(number) * units[unit]
    except ValueError:
        budget_s = 0.0
    if not 0 < budget_s < 86_400:
        raise UsageError(f"budget {text!r}: write a time such as 10m, 90s or 1h")
    return budget_s
