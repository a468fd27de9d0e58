"""Runs of a task beyond its first: how often a broker was given the same task again."""

from collections.abc import Mapping

import numpy as np

from bench.record.ledger import Ints, Ledger, positions


def pushed_again(
    book: Ledger, retries: Mapping[str, int], from_ns: int, to_ns: int
) -> tuple[int, int]:
    """(at least, at most) how often a run that failed was pushed again between two stamps.

    At least as often as a further run began, at most as often as a run ended in an exception or
    was cut off and had a retry left.
    """
    # Of a million tasks all but a few ran once and finished: those need no sorting.
    of_interest = np.unique(book.run_task[book.finished < 0])
    ours = np.flatnonzero(np.isin(book.run_task, of_interest))
    order = ours[np.lexsort((book.started[ours], book.run_task[ours]))]
    task, started, raised = book.run_task[order], book.started[order], book.raised[order]
    begins = np.flatnonzero(np.diff(task, prepend=task[:1] - 1))
    # How many runs of the same task came before: the distance from where its runs begin.
    lengths = np.diff(np.append(begins, len(task)))
    attempt = np.arange(len(task)) - np.repeat(begins, lengths)
    after_failure = np.zeros(len(task), bool)
    after_failure[1:] = (attempt[1:] > 0) & (raised[:-1] >= from_ns)
    least = int((after_failure & (started <= to_ns)).sum())
    cut_off = (raised < 0) & (book.finished[order] < 0)
    left = attempt < _retries_of(book, task, retries)
    ended = np.where(cut_off, started, raised)
    most = int((left & (ended >= from_ns) & (ended <= to_ns)).sum())
    return least, max(least, most)


def _retries_of(book: Ledger, tasks: Ints, retries: Mapping[str, int]) -> Ints:
    """(n,) how many retries each of these tasks has; of a task of no type the most of any."""
    # The last entry is that of the index -1.
    by_kind = np.array([*(retries.get(name, 0) for name in book.types), max(retries.values())])
    at, known = positions(book.task, tasks)
    found = np.full(len(tasks), by_kind[-1], np.int64)
    found[known] = by_kind[book.kind[at[known]]]
    return found
