"""What a fault says of itself when it has struck."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Struck:
    """t0 = return of the first signal that can stop work; `back_ns` = when what was taken away was there again.

    `culprit` is the task that brought it about, if a task did.
    """

    t0_ns: int
    victims: list[int] = field(default_factory=list)
    back_ns: int | None = None
    culprit: int | None = None
    note: str = ""
