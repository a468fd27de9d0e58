"""A long cell is stored thinned.

Every task that is not ordinary is kept; of the others one stretch of neighbours out of so many.
"""

import numpy as np

from bench.record.ledger import ACCEPTED, Ledger

# Neighbours in a row, so that the time since the previous call of the same generator is known;
# 840 divides by every number of generators up to 8.
STRETCH = 840


def thin(book: Ledger, every: int) -> tuple[Ledger, int]:
    """(the thinned ledger, how many measured tasks it leaves out).

    It keeps every `every`-th stretch of the measured tasks in order of their due time, and every
    task that is not ordinary.
    """
    rank = np.full(len(book.task), -1)
    ours = np.flatnonzero(book.measured())
    rank[ours[np.argsort(book.due[ours], kind="stable")]] = np.arange(len(ours))
    kept = ~_ordinary(book) | ((rank >= 0) & ((rank // STRETCH) % every == 0))
    left_out = int((~kept & book.measured()).sum())
    return book.only(kept, ~np.isin(book.run_task, book.task[~kept])), left_out


def _ordinary(book: Ledger) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """(tasks,) true where a task was accepted, ran once, finished, and its stamps are in order."""
    start, finish = book.first_start(), book.first_finish()
    runs = np.bincount(
        np.searchsorted(book.task, book.run_task[np.isin(book.run_task, book.task)]),
        minlength=len(book.task),
    )
    in_order = (
        (book.due <= book.sent)
        & (book.sent <= book.returned)
        & (book.sent <= start)
        & (start <= finish)
    )
    return np.asarray((book.enqueue == ACCEPTED) & (runs == 1) & in_order)
