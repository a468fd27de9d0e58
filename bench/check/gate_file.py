"""What a repository asks of its gate: the table [check] of bench.toml, and the same from options."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.base.errors import UsageError
from bench.check.blocks import GATED
from bench.model.arm import nearest
from bench.model.metric import METRICS

FILE = "bench.toml"
Size = Annotated[float | str, Field(union_mode="left_to_right")]


class Settings(BaseModel):
    """Every word of [check]; options of the command line go before."""

    model_config = ConfigDict(extra="forbid")

    base: str | None = None
    head: str | None = None
    scenarios: list[str] | None = None
    cases: list[str] | None = None
    budget: str | None = None
    fail_on: list[str] | None = None
    thresholds: dict[str, Size] = {}
    workers: int | None = None
    tasks: int | None = None
    features: bool = True


def from_file(folder: Path) -> Settings:
    """The settings of bench.toml in this folder; none if there is no such file. UsageError for a word that nobody knows."""
    path = folder / FILE
    if not path.is_file():
        return Settings()
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return Settings.model_validate(whole.get("check", {}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        word = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"{path}: {nearest(word, Settings.model_fields, 'word in [check]')}"
            ) from None
        raise UsageError(f"{path}: [check] {word}: {first['msg']}") from None


def metrics(words: Iterable[str]) -> tuple[str, ...]:
    """The measures that a gate can fail on; UsageError for any other, with the nearest."""
    found = tuple(dict.fromkeys(words))
    for word in found:
        if word not in GATED:
            raise _not_gated(word)
    return found


def _not_gated(word: str) -> UsageError:
    close = difflib.get_close_matches(word, GATED, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}?" if close else f"it judges {', '.join(GATED)}"
    return UsageError(f"the gate does not judge {word!r}: {hint}")


def thresholds(given: Iterable[str], stored: dict[str, float | str]) -> dict[str, float]:
    """METRIC=5% (or 0.05), those of the file first; for a count METRIC=N."""
    found = dict(stored)
    for text in given:
        metric, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--threshold {text}: write METRIC=5%")
        found[metric.strip()] = value
    metrics(found)
    return {metric: _share(metric, value) for metric, value in found.items()}


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
    """A budget such as 10m, 90s, 1h or 600 (seconds)."""
    units = {"s": 1, "m": 60, "h": 3600}
    text = text.strip()
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        found = float(number) * units[unit]
    except ValueError:
        found = 0.0
    if not 0 < found < 86_400:
        raise UsageError(f"budget {text!r}: write a time such as 10m, 90s or 1h")
    return found


def planted(given: Iterable[str]) -> dict[str, float]:
    """METRIC=25% or METRIC=-10%, as the true ratio; for a count METRIC=1, as the difference."""
    found = {}
    for text in given:
        metric, _, value = text.partition("=")
        metrics([metric])
        try:
            number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            raise UsageError(f"--plant {text}: write METRIC=25%") from None
        found[metric] = number if METRICS[metric].kind == "count" else 1 + number
        if METRICS[metric].kind == "ratio" and number <= -1:
            raise UsageError(f"--plant {text}: nothing can fall by all there is")
    return found
