"""What a fault says of itself when it has struck."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.model.cell_log import Injection
from bench.model.fault import Fault


@dataclass(frozen=True)
class Struck:
    """When a fault struck, and what it hit: the fields of the stored Injection that it knows."""

    t0_ns: int
    victims: Sequence[int] = ()  # pids
    back_ns: int | None = None
    poison_task: int | None = None
    note: str = ""

    def stored(self, kind: Fault, load_spike_ns: int, end_ns: int) -> Injection:
        """The injection as phases.json keeps it; both stamps are those of the cell's clock."""
        return Injection(
            kind=kind,
            t0_ns=self.t0_ns,
            victims=tuple(self.victims),
            back_ns=self.back_ns,
            poison_task=self.poison_task,
            note=self.note,
            load_spike_ns=load_spike_ns,
            end_ns=end_ns,
        )
