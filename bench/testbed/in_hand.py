"""Tasks that a worker still runs when its cell ends: they are neither lost nor failed."""

import numpy as np

from adapters.base import Held
from bench.record.ledger import Ledger
from bench.testbed.testbed import Testbed

IN_HAND = Held("a worker that ran it")


def hold_what_runs(testbed: Testbed) -> None:
    """Find out where each unfinished task is held, and count what a living worker runs as held.

    Some brokers know a task no more once a worker has it. Where the broker cannot tell, it stays
    so: then no task is called lost anyway.
    """
    held = testbed.settle_held()
    if held is None:
        return
    alive = [process.pid for root in testbed.fleet.roots() for process in root.tree()]
    running = in_hand(testbed.live_ledger(), alive)
    testbed.notes.held = {**dict.fromkeys(running, IN_HAND), **held}


def in_hand(book: Ledger, alive: list[int]) -> list[int]:
    """The measured tasks whose last run has no end, in one of these processes (pids)."""
    if not len(book.run_task):
        return []
    last = book.last_run()
    unended = (book.finished < 0) & (book.raised < 0) & np.isin(book.run_pid, alive)
    ours = book.measured() & (last >= 0) & unended[last] & (book.finishes() == 0)
    return [int(task) for task in book.task[ours]]
