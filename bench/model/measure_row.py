"""A row of measures.csv: a measure, and all that says where it comes from."""

from dataclasses import dataclass

from bench.model.metric import Better, Verdict


@dataclass(frozen=True)
class MeasureRow:
    """One measure of one cell, its fields in the order of the columns.

    `stands` is 1 where the cell is the one of its tries that counts, else 0; which one that is can
    change until the run is over. `occasion` and `part` are empty outside of a campaign.
    """

    run: str
    cell: int
    stands: int
    occasion: str
    scenario: str
    case: str
    part: str
    arm: str
    system: str
    profile: str
    broker: str
    variant: str
    block: int
    metric: str
    value: float | None
    unit: str
    better: Better
    verdict: Verdict
    reason: str
