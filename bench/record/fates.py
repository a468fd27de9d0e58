"""What became of each task, and whether the events themselves can be believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapters.base import Held
from bench.record.ledger import ACCEPTED, ERROR, UNSENT, Ledger, positions


@dataclass(frozen=True)
class Fates:
    """Task ids by fate; every measured task that was sent stands in exactly one list."""

    by_name: Mapping[str, npt.NDArray[np.int64]]

    def count(self, name: str) -> int:
        """How many tasks had that fate."""
        return len(self.by_name.get(name, ()))


def fates(ledger: Ledger, strikes_ns: Iterable[int], held: Mapping[int, Held] | None) -> Fates:
    """Give each measured task its fate; `strikes_ns` are the moments of the faults, in ns.

    `held` says where the broker holds a task; None = cannot be told. A task whose last run raised
    is failed, unless the broker has it among those that wait: it would have been tried again.
    """
    measured = ledger.measured() & (ledger.enqueue != UNSENT)
    finishes, first = ledger.finishes(), ledger.first_finish()
    hit = np.zeros(len(ledger.task), bool)
    for t0_ns in strikes_ns:
        hit |= (ledger.sent >= 0) & (ledger.sent < t0_ns) & ((first < 0) | (first >= t0_ns))
    refused = measured & (ledger.enqueue == ERROR) & (finishes == 0)
    missing = measured & (finishes == 0) & ~refused
    places = held or {}
    gone = ledger.task[missing]
    is_held = np.array([task in places for task in gone.tolist()], bool)
    failed = np.array([task in places and places[task].failed for task in gone.tolist()], bool)
    failed |= ledger.raised_last()[missing] & ~is_held
    # An enqueue call that was still open may or may not have reached the broker: nobody promised
    # that task.
    is_certain = np.full(len(gone), held is not None) & (ledger.enqueue[missing] == ACCEPTED)
    return Fates(
        {
            "finished": ledger.task[measured & (finishes == 1) & ~hit],
            "recovered": ledger.task[measured & (finishes == 1) & hit],
            "doubled": ledger.task[measured & (finishes > 1)],
            "refused": ledger.task[refused],
            "failed": gone[failed],
            "stuck": gone[is_held & ~failed],
            "lost": gone[~is_held & ~failed & is_certain],
            "open": gone[~is_held & ~failed & ~is_certain],
            "unexpected": np.array(ledger.unexpected(), np.int64),
        }
    )


def order_violations(ledger: Ledger) -> list[str]:
    """One sentence for each kind of broken order; the list is empty where the order holds."""
    at, is_planned = positions(ledger.task, ledger.run_task)
    run_sent = np.full(len(ledger.run_task), -1)
    run_sent[is_planned] = ledger.sent[at[is_planned]]
    started, finished = ledger.started, ledger.finished
    checks = (
        ("sent before due", ledger.task, (ledger.sent >= 0) & (ledger.sent < ledger.due)),
        (
            "returned before sent",
            ledger.task,
            (ledger.returned >= 0) & (ledger.returned < ledger.sent),
        ),
        (
            "started before sent",
            ledger.run_task,
            # Between two hosts: by more than their clocks leave room for.
            (run_sent >= 0) & (started >= 0) & (started + ledger.give_ns < run_sent),
        ),
        ("finished before started", ledger.run_task, (finished >= 0) & (finished < started)),
        (
            "raised before started",
            ledger.run_task,
            (ledger.raised >= 0) & (ledger.raised < started),
        ),
        ("finished without a start", ledger.run_task, started < 0),
    )
    return [
        f"{what} in {int(bad.sum())} cases, first task {int(ids[bad][0])}"
        for what, ids, bad in checks
        if bad.any()
    ]
