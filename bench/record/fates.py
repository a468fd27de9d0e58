"""What became of each task, and whether the events themselves can be believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapters.base import Held
from bench.record.ledger import ACCEPTED, ERROR, UNSENT, Ledger


@dataclass(frozen=True)
class Fates:
    """Task ids by fate; every measured task that was sent stands in exactly one list."""

    by_name: Mapping[str, npt.NDArray[np.int64]]

    def count(self, name: str) -> int:
        """How many tasks had that fate."""
        return len(self.by_name.get(name, ()))


def fates(ledger: Ledger, strikes_ns: Iterable[int], held: Mapping[int, Held] | None) -> Fates:
    """Give each measured task its fate; `strikes_ns` are the moments of the faults, in ns.

    `held` says where the broker holds a task; None = cannot be told.
    """
    measured = ledger.measured() & (ledger.enqueue != UNSENT)
    finishes, first = ledger.finishes(), ledger.first_finish()
    hit = np.zeros(len(ledger.task), bool)
    for t0_ns in strikes_ns:
        hit |= (ledger.sent >= 0) & (ledger.sent < t0_ns) & ((first < 0) | (first >= t0_ns))
    refused = measured & (ledger.enqueue == ERROR) & (finishes == 0)
    missing = measured & (finishes == 0) & ~refused
    places = held if held is not None else {}
    gone = ledger.task[missing]
    is_held = np.array([task in places for task in gone.tolist()], bool)
    failed = np.array([task in places and places[task].failed for task in gone.tolist()], bool)
    # An enqueue call that was still open may or may not have reached the broker: nobody promised
    # that task.
    is_certain = np.full(len(gone), held is not None) & (ledger.enqueue[missing] == ACCEPTED)
    ids = ledger.task
    return Fates(
        {
            "finished": ids[measured & (finishes == 1) & ~hit],
            "recovered": ids[measured & (finishes == 1) & hit],
            "doubled": ids[measured & (finishes > 1)],
            "refused": ids[refused],
            "failed": gone[failed],
            "stuck": gone[is_held & ~failed],
            "lost": gone[~is_held & is_certain],
            "open": gone[~is_held & ~is_certain],
            "unexpected": np.array(ledger.unexpected(), np.int64),
        }
    )


def order_violations(ledger: Ledger) -> list[str]:
    """One sentence for each kind of broken order; the list is empty where the order holds."""
    violations: list[str] = []

    def note(bad: npt.NDArray[np.bool_], ids: npt.NDArray[np.int64], what: str) -> None:
        if bad.any():
            violations.append(f"{what} in {int(bad.sum())} cases, first task {int(ids[bad][0])}")

    sent = ledger.sent >= 0
    note(sent & (ledger.sent < ledger.due), ledger.task, "sent before due")
    note(
        (ledger.returned >= 0) & (ledger.returned < ledger.sent),
        ledger.task,
        "returned before sent",
    )
    at = np.minimum(np.searchsorted(ledger.task, ledger.run_task), max(len(ledger.task) - 1, 0))
    is_planned = (
        ledger.task[at] == ledger.run_task
        if len(ledger.task)
        else np.zeros(len(ledger.run_task), bool)
    )
    run_sent = (
        np.where(is_planned, ledger.sent[at], -1) if len(ledger.task) else ledger.started * 0 - 1
    )
    note(
        (run_sent >= 0) & (ledger.started >= 0) & (ledger.started < run_sent),
        ledger.run_task,
        "started before sent",
    )
    note(
        (ledger.finished >= 0) & (ledger.finished < ledger.started),
        ledger.run_task,
        "finished before started",
    )
    note(ledger.started < 0, ledger.run_task, "finished without a start")
    return violations
