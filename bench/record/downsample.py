"""A long cell is stored thinned: every task that is not as it should be, and of the others a stretch of neighbours out of every so many."""

import numpy as np

from bench.record.ledger import ACCEPTED, Ledger

# Neighbours in a row, so that the time since the previous call of the same generator is known; 840 divides by every number of generators up to 8.
STRETCH = 840


def thin(book: Ledger, every: int) -> tuple[Ledger, int]:
    """Every `every`-th stretch of the measured tasks in order of their due time, all that is not ordinary, and how many measured ones were left out."""
    place = np.full(len(book.task), -1)
    ours = np.flatnonzero(book.measured())
    place[ours[np.argsort(book.due[ours], kind="stable")]] = np.arange(len(ours))
    kept = ~_ordinary(book) | ((place >= 0) & ((place // STRETCH) % every == 0))
    left_out = int((~kept & book.measured()).sum())
    return book.only(kept, ~np.isin(book.run_task, book.task[~kept])), left_out


def _ordinary(book: Ledger) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Accepted, run once, finished, and every stamp in its order."""
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
