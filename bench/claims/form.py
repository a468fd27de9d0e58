"""The form of tables/*.toml: what was published, in words of ours that a program can judge."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench.base.errors import UsageError
from bench.model.fault import FAULTS
from bench.model.feature import FEATURES

TABLES = Path(__file__).parent / "tables"  # package data: a wheel has them too
Outcome = Literal["works", "partly", "not offered", "broken"]


class Part(BaseModel):
    """A misspelt word is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Part):
    """Who said so, when, of which versions, and how they came to it."""

    name: str
    date: str
    versions: str
    method: str


class Expectation(Part):
    """A feature has one of these outcomes; or so many of its variants have, at least and at most."""

    feature: str
    outcome: Sequence[Outcome] = Field(min_length=1)
    variants: int | None = None
    at_most: int | None = None

    @field_validator("feature")
    @classmethod
    def known(cls, name: str) -> str:
        """Only features that are probed."""
        if name not in FEATURES:
            raise ValueError(f"there is no feature {name!r}")
        return name


class Ability(Part):
    """One place of a table of abilities. `reading`: how we understand its words. `since`: the version that made it untrue, with its page."""

    row: str
    system: str
    says: str
    expects: Sequence[Expectation] = Field(min_length=1)
    reading: str = ""
    since: str = ""
    page: str = ""


class Opinion(Part):
    """What cannot be tested, and why."""

    row: str
    says: Mapping[str, str]
    why: str


class Ratio(Part):
    """Numbers of several systems: compared as ratios between them, never as absolute values of another machine."""

    row: str
    says: str
    scenario: str
    case: str
    metric: str
    unit: str
    values: Mapping[str, float] = Field(min_length=2)


class Unlike(Part):
    """Numbers that have no counterpart: ours stand beside them."""

    row: str
    says: Mapping[str, str]
    scenario: str
    case: str
    metric: str
    why: str


class Recovery(Part):
    """Seconds until all is well after a fault; `manual`: systems said to need a human."""

    row: str
    says: Mapping[str, str]
    fault: str
    seconds: Mapping[str, float]
    manual: Sequence[str] = ()
    reading: str = ""

    @field_validator("fault")
    @classmethod
    def known(cls, name: str) -> str:
        """Only faults that are done."""
        if name not in FAULTS:
            raise ValueError(f"there is no fault {name!r}")
        return name


class Branch(Part):
    """A branch of a published decision tree, and which of our data stands beside it."""

    question: str
    advice: str
    by: Literal["flows", "small", "fastest"]
    broker: str = ""


class Claims(Part):
    """One file."""

    source: Source
    ability: Sequence[Ability] = ()
    opinion: Sequence[Opinion] = ()
    ratio: Sequence[Ratio] = ()
    unlike: Sequence[Unlike] = ()
    recovery: Sequence[Recovery] = ()
    branch: Sequence[Branch] = ()


def load(folder: Path = TABLES) -> list[Claims]:
    """Every file of the folder, in the order of their names; UsageError in one line for one that is
    not of this form, and where there is none."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(Claims.model_validate(_read(path)))
        except (ValidationError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{path}: {_first(error)}") from None
    if not found:
        raise UsageError(f"{folder} has no published claims (*.toml): install queue-bench again")
    return found


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error)
