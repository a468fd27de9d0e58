"""[arrivals] of a workload file: how many tasks fall due, and when.

The kinds have the words of load generators: an open model, in which arrivals wait for nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from bench.model.stored import Record
from bench.workload.quantities import Number, PerSecond, Seconds

SLOWEST, FASTEST = 1e-3, 1e6  # of a trace
MOST_ARRIVALS = 5_000_000  # a load of a million takes some 100 MB while it is made


class RateStep(Record):
    """A stretch of time: `rate` at its beginning and `until` at its end, linear between them.

    In the file `["60s", "50/s"]`, or `["30s", "50/s", "400/s"]` for a ramp.
    """

    seconds: Seconds
    rate: PerSecond
    until: PerSecond

    @model_validator(mode="before")
    @classmethod
    def listed(cls, given: Any) -> Any:
        """Two or three values in a row."""
        if isinstance(given, (Mapping, cls)):
            return given
        if not isinstance(given, Sequence) or isinstance(given, str) or len(given) not in (2, 3):
            raise ValueError(
                f'{given!r} is not a step: write ["60s", "50/s"], '
                'or ["30s", "50/s", "400/s"] for a ramp'
            )
        return {"seconds": given[0], "rate": given[1], "until": given[-1]}

    @property
    def arrivals(self) -> float:
        """How many are expected within it."""
        return self.seconds * (self.rate + self.until) / 2

    def times(self, factor: float) -> "RateStep":
        """The same stretch with so many times the arrivals."""
        scaled = {"rate": self.rate * factor, "until": self.until * factor}
        return self.model_copy(update=scaled)


class OneRate(Record):
    """Arrivals at the same rate all the time."""

    rate: Annotated[PerSecond, Field(gt=0)]
    seconds: Seconds

    @property
    def stretches(self) -> tuple[RateStep, ...]:
        """The whole time as one step."""
        return (RateStep(seconds=self.seconds, rate=self.rate, until=self.rate),)

    def times(self, factor: float) -> Self:
        """So many times the rate, for as long."""
        return self.model_copy(update={"rate": self.rate * factor})


class PoissonArrivals(OneRate):
    """Many independent clients: exponential gaps."""

    kind: Literal["poisson"] = "poisson"
    spacing: ClassVar[str] = "poisson"


class SteadyArrivals(OneRate):
    """A clock: equal gaps."""

    kind: Literal["steady"] = "steady"
    spacing: ClassVar[str] = "even"


class SteppedArrivals(Record):
    """Several rates one after the other, with ramps where a step has two of them."""

    kind: Literal["steps"] = "steps"
    steps: tuple[RateStep, ...] = Field(min_length=1)
    spacing: Literal["poisson", "even"] = "poisson"

    @property
    def stretches(self) -> tuple[RateStep, ...]:
        """The steps."""
        return self.steps

    def times(self, factor: float) -> Self:
        """So many times each rate, for as long."""
        return self.model_copy(update={"steps": tuple(step.times(factor) for step in self.steps)})


class TraceArrivals(Record):
    """Recorded arrivals: a CSV file of seconds and task, played `speed` times as fast."""

    kind: Literal["trace"] = "trace"
    trace: Annotated[str, Field(min_length=1)]
    speed: Annotated[Number, Field(ge=SLOWEST, le=FASTEST)] = 1.0

    def times(self, factor: float) -> Self:
        """So many times as fast: the same arrivals in less time."""
        return self.model_copy(update={"speed": self.speed * factor})


KINDS: Mapping[str, type[Record]] = {
    "poisson": PoissonArrivals,
    "steady": SteadyArrivals,
    "steps": SteppedArrivals,
    "trace": TraceArrivals,
}


def kind_of(table: Mapping[str, Any]) -> str:
    """The kind of arrivals that a table [arrivals] names, or shows by its keys."""
    shown = next((kind for kind in ("steps", "trace") if kind in table), "poisson")
    return str(table.get("kind", shown))


def _tag(given: Any) -> str:
    # No key looks like a tag: what leads to a fault in the file is found by leaving tags out.
    return f"kind={kind_of(given) if isinstance(given, Mapping) else given.kind}"


Arriving = Annotated[
    Annotated[PoissonArrivals, Tag("kind=poisson")]
    | Annotated[SteadyArrivals, Tag("kind=steady")]
    | Annotated[SteppedArrivals, Tag("kind=steps")]
    | Annotated[TraceArrivals, Tag("kind=trace")],
    Discriminator(_tag),
]
