"""A trial: what one system does to show one feature, live.

What it observes is judged elsewhere, by the same rules for all systems.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation

# How a trial says that a package beside the system is not there.
LACKING = "is not installed: pip install"


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
    """The trials of one module, gathered by a decorator."""

    def of(
        self, feature: str, variant: str = "", **rest: Any
    ) -> Callable[[Callable[[Lab], Observation]], Callable[[Lab], Observation]]:
        """Decorate the function that shows this feature."""

        def gather(function: Callable[[Lab], Observation]) -> Callable[[Lab], Observation]:
            self.append(Trial(feature, function, variant, **rest))
            return function

        return gather
