"""The form of tables/*.toml: what was published, in words of ours that a program can judge.

A misspelt word is refused.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from bench.base.errors import UsageError
from bench.base.toml_file import read_toml
from bench.model.fault import FAULTS
from bench.model.feature import FEATURES
from bench.model.stored import Record
from bench.model.toml_words import in_words

TABLES = Path(__file__).parent / "tables"  # package data: a wheel has them too
Outcome = Literal["works", "partly", "not offered", "broken"]
Item = Literal["", "throughput", "memory", "p99", "recovery"]  # of the headline of a report


def _known(name: str, what: str, names: Collection[str]) -> str:
    """Only what can be probed or done."""
    if name not in names:
        raise ValueError(f"there is no {what} {name!r}")
    return name


class Source(Record):
    """Who said so, when, of which versions, and how they came to it.

    `table`: which of its tables the headline of a report stands beside, if one does.
    """

    name: str
    date: str
    versions: str
    method: str = Field(min_length=1)
    table: str = ""


class Expectation(Record):
    """A feature has one of these outcomes, or so many of its variants have: at least, at most.

    `package`: a separate package that the claim itself names, so that it counts.
    """

    feature: Annotated[str, AfterValidator(partial(_known, what="feature", names=FEATURES))]
    outcome: Sequence[Outcome] = Field(min_length=1)
    variants: int | None = None
    at_most: int | None = None
    package: str = ""


class Ability(Record):
    """One place of a table of abilities.

    `reading`: how we understand its words. `since`: the version that made it untrue, with its page.
    """

    row: str
    system: str
    says: str
    expects: Sequence[Expectation] = Field(min_length=1)
    reading: str = ""
    since: str = ""
    page: str = ""


class Opinion(Record):
    """What cannot be tested, and why."""

    row: str
    says: Mapping[str, str]
    why: str


class Conditions(Record):
    """What numbers were published for; a run without it is not comparable. None: it is not said."""

    tasks: int | None = None
    workers: int | None = None


class NumberClaim(Record):
    """A row of numbers. With an `item` the headline shows them."""

    row: str
    item: Item = ""


class FigureClaim(NumberClaim):
    """A row of numbers that a metric of ours stands beside."""

    scenario: str
    case: str
    metric: str


class RatioClaim(FigureClaim):
    """Numbers of several systems, in `unit`, compared as ratios between them.

    Never as absolute values: they are of another machine. The headline shows them as they were
    `printed`. `reading`: how we understand what they leave open.
    """

    says: str
    unit: str
    values: Mapping[str, float] = Field(min_length=2)
    printed: Mapping[str, str] = {}
    conditions: Conditions = Conditions()
    reading: str = ""

    @model_validator(mode="after")
    def printed_for_the_headline(self) -> Self:
        """Each number of an item has its text, and no text is without its number."""
        _alike("printed", self.printed, self.values if self.item else {})
        return self


class Unlike(FigureClaim):
    """Numbers that have no counterpart: ours stand beside them.

    `values`: the same as numbers, in the unit of `metric`, for the headline.
    """

    says: Mapping[str, str]
    why: str
    values: Mapping[str, float] = {}

    @model_validator(mode="after")
    def numbers_for_the_headline(self) -> Self:
        """Each text of an item has its number, and no number is without its text."""
        _alike("values", self.values, self.says if self.item else {})
        return self


FaultName = Annotated[str, AfterValidator(partial(_known, what="fault", names=FAULTS))]


class RecoveryClaim(NumberClaim):
    """Seconds until all is well after a fault; `manual`: systems said to need a human.

    `also`: further faults that may be meant, where the claim names none. Its seconds are held
    against each of them; a human's help only against `fault`.
    """

    says: Mapping[str, str]
    fault: FaultName
    also: Sequence[FaultName] = ()
    seconds: Mapping[str, float]
    manual: Sequence[str] = ()
    reading: str = ""

    @model_validator(mode="after")
    def seconds_or_a_human(self) -> Self:
        """Each system that something is said of has either."""
        _alike("seconds and manual", [*self.seconds, *self.manual], self.says)
        return self


class TreeBranch(Record):
    """A branch of a published decision tree, and which of our data stands beside it."""

    question: str
    advice: str
    by: Literal["flows", "small", "fastest"]
    broker: str = ""


class Claims(Record):
    """One file.

    `separate`: packages of a release of their own that bring a feature to a system. What they bring
    is told apart from what the system itself has, for every claim alike.
    """

    source: Source
    separate: Sequence[str] = ()
    ability: Sequence[Ability] = ()
    opinion: Sequence[Opinion] = ()
    ratio: Sequence[RatioClaim] = ()
    unlike: Sequence[Unlike] = ()
    recovery: Sequence[RecoveryClaim] = ()
    branch: Sequence[TreeBranch] = ()

    @model_validator(mode="after")
    def table_of_the_headline(self) -> Self:
        """What the headline shows is from a table that has a name."""
        numbers: list[NumberClaim] = [*self.ratio, *self.unlike, *self.recovery]
        items = [each.item for each in numbers if each.item]
        if items and not self.source.table:
            raise ValueError(f"the headline needs the table that {items[0]} stands in")
        return self

    @model_validator(mode="after")
    def package_is_separate(self) -> Self:
        """A package that a claim names is one of the separate ones."""
        named = [each.package for claim in self.ability for each in claim.expects if each.package]
        for package in named:
            _known(package, "package in `separate` named", self.separate)
        return self


def _alike(what: str, systems: Collection[str], wanted: Collection[str]) -> None:
    """ValueError unless the systems are those that are wanted, each once."""
    if sorted(systems) != sorted(wanted):
        names = ", ".join(wanted) or "none"
        raise ValueError(f"{what} must name these systems, each once: {names}")


def load(folder: Path = TABLES) -> list[Claims]:
    """Every file of the folder, in the order of their names; UsageError in one line for one that is
    not of this form, and where there is none."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(Claims.model_validate(read_toml(path).document))
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(
                f"{path}: {'.'.join(map(str, first['loc']))}: {in_words(first)}"
            ) from None
    if not found:
        raise UsageError(f"{folder} has no published claims (*.toml): install queue-bench again")
    return found
