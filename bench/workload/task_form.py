"""[[task]] and [code] of a workload file: what a task does, and where the user's functions are."""

import math
import re
from collections.abc import Mapping
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from bench.model.stored import Record
from bench.workload.quantities import Above0, Bytes, Number, Whole

Z99 = NormalDist().inv_cdf(0.99)
HOUR_MS = 3_600_000
MOST_RETRIES = 100
MOST_MESSAGE = 2**29  # Redis holds no longer text
MOST_MEMORY = 2**36
MOST_SPREAD = 1_000  # from the median to P99; beyond, single draws outweigh all others together


def _name(text: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,59}", text):
        raise ValueError(
            f"{text!r} is no name: write up to 60 letters, digits and . _ -, "
            "the first of them a letter, a digit or _"
        )
    return text


def _variable(text: str) -> str:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError(f"{text!r} is no name of a variable: write letters, digits and _")
    return text


def _value(text: str) -> str:
    if "\0" in text:
        raise ValueError("a variable cannot hold the sign U+0000: leave it out")
    return text


def _function(text: str) -> str:
    if not re.fullmatch(r"[\w.]+:[\w.]+", text):
        raise ValueError(f"{text!r} is no function: write module:function, such as shop.tasks:send")
    return text


# It becomes a part of measures.csv, of a Redis key and of a command line.
Name = Annotated[str, AfterValidator(_name)]
Variable = Annotated[str, AfterValidator(_variable)]
Value = Annotated[str, AfterValidator(_value)]


class Amount(Record):
    """What is drawn anew for each task: log-normal, by its median and its 99th percentile.

    A plain number is always that number: both are the same then.
    """

    median: Number
    p99: Number

    @model_validator(mode="before")
    @classmethod
    def plain_number(cls, given: Any) -> Any:
        """A number or a text stands for both."""
        return given if isinstance(given, (Mapping, cls)) else {"median": given, "p99": given}

    @model_validator(mode="after")
    def drawable(self) -> Self:
        """P99 is not below the median, and not too far above it."""
        if self.p99 < self.median:
            raise ValueError("p99 is below the median")
        if self.p99 > MOST_SPREAD * self.median:
            raise ValueError(
                f"p99 is more than {MOST_SPREAD:,} times the median: make two types of task"
            )
        return self

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm: ln(P99 ÷ median) ÷ 2.326.

        The quantile q of a log-normal is median · exp(z_q · sigma) (Aitchison & Brown 1957).
        """
        return math.log(self.p99 / self.median) / Z99 if self.p99 > self.median else 0.0


class Time(Amount):
    """Milliseconds, up to an hour."""

    median: Annotated[Number, Field(le=HOUR_MS)]
    p99: Annotated[Number, Field(le=HOUR_MS)]


class Memory(Amount):
    """Bytes that a task touches, as "4 MiB" or a number."""

    median: Annotated[Bytes, Field(le=MOST_MEMORY)]
    p99: Annotated[Bytes, Field(le=MOST_MEMORY)]


class Message(Amount):
    """Bytes that go through the broker."""

    median: Annotated[Bytes, Field(le=MOST_MESSAGE)]
    p99: Annotated[Bytes, Field(le=MOST_MESSAGE)]


class TaskType(Record):
    """One [[task]]: a function of the user's (`call`), or a synthetic task without one.

    `share` is of all arrivals, in any unit. `memory` is touched, `payload` sent and `result`
    returned. `fails` is the share of its runs that raise, `retries` how many more runs the system's
    own retry gives it.
    """

    name: Name
    share: Number | None = None
    call: Annotated[str, AfterValidator(_function)] | None = None
    args: Annotated[str, Field(min_length=1)] | None = None
    sleep_ms: Time | None = None
    cpu_ms: Time | None = None
    memory: Memory | None = None
    payload: Message | None = None
    result: Message | None = None
    fails: Annotated[Number, Field(le=1)] = 0.0
    retries: Annotated[Whole, Field(le=MOST_RETRIES)] = 0
    queue: Name | None = None
    priority: Literal["low", "normal", "high"] | None = None
    limit_s: Above0 | None = None


SYNTHETIC = ("sleep_ms", "cpu_ms", "memory", "payload", "result", "fails")


class Code(Record):
    """[code]: where the user's functions are found, and what they are given.

    `pass` names variables of the user's: their values are handed on and never stored.
    """

    path: str = "."
    requirements: tuple[str, ...] = ()
    env: Mapping[Variable, Value] = {}
    passed: tuple[Variable, ...] = Field(default=(), alias="pass")

    @model_serializer(mode="wrap")
    def as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """With the key that the file has: what is stored must be read again."""
        return {"pass" if key == "passed" else key: each for key, each in handler(self).items()}
