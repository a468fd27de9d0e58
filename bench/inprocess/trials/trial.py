"""A trial: what one system does to show one feature, live.

What it observes is judged elsewhere, by the same rules for all systems.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from bench.inprocess.trials.lab import Lab, Observation, absent

# How a trial says that a package beside the system is not there.
LACKING = "is not installed: pip install"
Given = TypeVar("Given")


class System(Protocol):
    """A system that a trial has set up, as those parts use it that are the same for every system.

    Handles and values are the library's own, of no type that all of them share.
    """

    lab: Lab

    def enqueue(self, name: str, *args: Any, **facts: Any) -> Any:
        """Enqueue one of the bodies in `tasks` by the system's plain call; gives a handle."""

    def value(self, handle: Any) -> Any:
        """What the task returned, waited for by the system's own call."""


@dataclass(frozen=True)
class Trial:
    """One way in which a system offers a feature; `variant` tells it from its other ways."""

    feature: str
    carry_out: Callable[[Lab], Observation]
    variant: str = ""
    broker: str = "redis"
    packages: Sequence[str] = ()  # whose versions stand beside the outcome, the system's own aside
    slow: bool = False  # bound to a slower clock: it may take 150 s, and waits beside the others

    @property
    def name(self) -> str:
        """The feature with its variant: unique within a system, also the name of its folder."""
        return f"{self.feature}~{self.variant}" if self.variant else self.feature


class Trials(list[Trial]):
    """The trials of one module, gathered by decorators."""

    def of(
        self,
        feature: str,
        variant: str = "",
        broker: str = "redis",
        packages: Sequence[str] = (),
        slow: bool = False,
    ) -> Callable[[Callable[[Lab], Observation]], Callable[[Lab], Observation]]:
        """Decorate the function that shows this feature."""

        def gather(function: Callable[[Lab], Observation]) -> Callable[[Lab], Observation]:
            self.append(Trial(feature, function, variant, broker, packages, slow))
            return function

        return gather

    def each(
        self, feature: str, variants: Mapping[str, Given], broker: str = "redis"
    ) -> Callable[[Callable[[Given, Lab], Observation]], Callable[[Given, Lab], Observation]]:
        """Decorate the function that shows this feature in each variant, by what that is given."""

        def gather(
            function: Callable[[Given, Lab], Observation],
        ) -> Callable[[Given, Lab], Observation]:
            for variant, given in variants.items():
                self.of(feature, variant, broker)(partial(function, given))
            return function

        return gather

    def lack(
        self, feature: str, pattern: str, places: Callable[[Lab], Mapping[str, Iterable[str]]]
    ) -> None:
        """Show that nothing of the kind is there: none of these names is like the pattern."""
        self.of(feature, broker="none")(lambda lab: absent(pattern, places(lab)))
