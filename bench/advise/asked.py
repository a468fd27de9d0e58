"""What is asked for: from options, a TOML file, or questions in the terminal."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench.base.errors import UsageError
from bench.model.arm import nearest
from bench.model.broker import FAMILIES
from bench.model.feature import FEATURES


class Asked(BaseModel):
    """Requirements; what is left out is not asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: float | None = Field(None, gt=0, description="tasks per second, at the busiest")
    task_ms: float = Field(
        0.0, ge=0, description="how long a task takes, in ms; 0 for next to nothing"
    )
    kind: Literal["io", "cpu"] = Field(
        "io", description="what a task does meanwhile: io (it waits) or cpu (it computes)"
    )
    workers: int | None = Field(
        None,
        gt=0,
        description=(
            "how many workers you run; left out: as many as it takes, where that was measured"
        ),
    )
    p99_ms: float | None = Field(
        None,
        gt=0,
        description=(
            "99 of 100 tasks finished within so many ms of being due, the task's own time left out"
        ),
    )
    memory_mb: float | None = Field(None, gt=0, description="MB for workers and broker together")
    may_lose: bool = Field(True, description="may a task be lost when something crashes?")
    may_double: bool = Field(True, description="may a task run twice when something crashes?")
    needs: tuple[str, ...] = Field(
        (), description="features needed, as `bench features --list` names them"
    )
    brokers: tuple[str, ...] = Field(
        FAMILIES, description="brokers that you can run: " + ", ".join(FAMILIES)
    )

    @field_validator("needs")
    @classmethod
    def known_features(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Only features that are probed."""
        for name in names:
            if name not in FEATURES:
                raise ValueError(str(nearest(name, FEATURES, "feature")))
        return names

    @field_validator("brokers")
    @classmethod
    def known_brokers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Only brokers that are measured."""
        for name in names:
            if name not in FAMILIES:
                raise ValueError(str(nearest(name, FAMILIES, "broker")))
        return names


def checked(values: Mapping[str, Any]) -> Asked:
    """The requirements; UsageError in one line for a wrong word or number."""
    try:
        return Asked.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None


def from_file(path: Path) -> dict[str, Any]:
    """The values in a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read as TOML ({error}): write lines such as rate = 100"
        ) from None


def by_asking(ask: Callable[[str], str]) -> dict[str, Any]:
    """One question after the other; an empty answer asks for nothing."""
    values: dict[str, Any] = {}
    for name, field in Asked.model_fields.items():
        answer = ask(f"{name}: {field.description}").strip()
        if answer:
            values[name] = _read(name, answer)
    return values


def _read(name: str, answer: str) -> Any:
    if name in ("needs", "brokers"):
        return tuple(word.strip() for word in answer.split(",") if word.strip())
    if name in ("may_lose", "may_double"):
        if answer.lower() not in ("yes", "no", "y", "n"):
            raise UsageError(f"{name}: answer yes or no, not {answer!r}")
        return answer.lower().startswith("y")
    return answer
