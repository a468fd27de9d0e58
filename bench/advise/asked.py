"""What is asked for: from options, a TOML file, or questions in the terminal."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator

from bench.base.errors import UsageError
from bench.base.toml_file import read_toml
from bench.model.arm import nearest
from bench.model.broker import FAMILIES
from bench.model.feature import FEATURES
from bench.model.toml_words import in_words

NAMES = {"needs": ("feature", FEATURES), "brokers": ("broker", FAMILIES)}


class Asked(BaseModel, extra="forbid", frozen=True):
    """Requirements; what is left out is not asked for."""

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
    backlog: int | None = Field(
        None,
        gt=0,
        description="how many tasks wait then; left out: as many as most arms were measured with",
    )
    may_lose: bool = Field(True, description="may a task be lost when something crashes?")
    may_double: bool = Field(True, description="may a task run twice when something crashes?")
    needs: tuple[str, ...] = Field(
        (), description="features needed, as `bench features --list` names them"
    )
    brokers: tuple[str, ...] = Field(
        FAMILIES, description="brokers that you can run: " + ", ".join(FAMILIES)
    )

    @field_validator("needs", "brokers")
    @classmethod
    def known_names(cls, names: tuple[str, ...], field: ValidationInfo) -> tuple[str, ...]:
        """Only features that are probed, only brokers that are measured."""
        what, known = NAMES[str(field.field_name)]
        for name in names:
            if name not in known:
                raise ValueError(str(nearest(name, known, what)))
        return names


def checked(values: Mapping[str, object]) -> Asked:
    """The requirements; UsageError in one line for a wrong word or number."""
    try:
        return Asked.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{place}: {in_words(first)}") from None


# Any: TOML comes in here, and `checked` looks at it.
def from_file(path: Path) -> Mapping[str, Any]:
    """The values in a TOML file."""
    return read_toml(path).document


def by_asking(ask: Callable[[str], str]) -> dict[str, str | bool | tuple[str, ...]]:
    """One question after the other; an empty answer asks for nothing."""
    # Lazy, so that a wrong answer ends it before the next question.
    answers = (
        (name, ask(f"{name}: {field.description}").strip())
        for name, field in Asked.model_fields.items()
    )
    return {name: _read(name, answer) for name, answer in answers if answer}


def _read(name: str, answer: str) -> str | bool | tuple[str, ...]:
    if name in NAMES:
        return tuple(word.strip() for word in answer.split(",") if word.strip())
    if name in ("may_lose", "may_double"):
        if answer.lower() not in ("yes", "no", "y", "n"):
            raise UsageError(f"{name}: answer yes or no, not {answer!r}")
        return answer.lower().startswith("y")
    return answer
