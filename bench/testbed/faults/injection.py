"""What a fault says of itself when it has struck."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Injection:
    """One fault that has struck. Its fields are stored under their names in phases.json.

    `t0_ns` is the return of the first signal that can stop work, `back_ns` the moment at which what
    was taken away was there again (both CLOCK_MONOTONIC), `culprit` the poison task, if one brought
    the fault about.
    """

    t0_ns: int
    victims: list[int] = field(default_factory=list)  # pids
    back_ns: int | None = None
    culprit: int | None = None
    note: str = ""
