"""The stamps of several hosts by one clock, each as well as the pings bound it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bench.model.cell_log import HostClock
from bench.record.clock_bounds import Interval
from bench.record.clock_network import ClockNetwork
from bench.record.ledger import Floats, Ints, Ledger, positions


def on_one_clock(book: Ledger, hosts: Mapping[str, HostClock], network: ClockNetwork) -> Ledger:
    """The ledger by the clock of the first of these hosts, which has a load generator.

    The stamps of a run are placed against those of its task by the pings of the two hosts, in the
    middle of what they allow; how far beside that they may lie is its `give_ns`, infinite where
    pings say nothing: then they are placed by what the hosts roughly told, good for rates and
    counts and for no latency.
    """
    labels = list(hosts)
    index = {label: number for number, label in enumerate(book.hosts)}
    clocks = {index[label]: each.clock for label, each in hosts.items() if label in index}
    rough = {index[label]: each.offset_ns for label, each in hosts.items() if label in index}
    main = hosts[labels[0]].clock
    due, sent, returned = (stamps.copy() for stamps in (book.due, book.sent, book.returned))
    for number in np.unique(book.task_host):
        ours = book.task_host == number
        added = _middle(network.shift(book.due[ours], clocks[number], main), -rough[number])
        for stamps in (due, sent, returned):
            stamps[ours] = _added(stamps[ours], added)
    at, planned = positions(book.task, book.run_task)
    sender = np.where(planned, book.task_host[np.where(planned, at, 0)], index[labels[0]])
    since = np.where(planned, book.due[np.where(planned, at, 0)], book.started - _at(rough, book))
    base = np.where(planned, due[np.where(planned, at, 0)] - since, 0)
    started, finished, raised = (
        stamps.copy() for stamps in (book.started, book.finished, book.raised)
    )
    give = np.zeros(len(book.run_task))
    for far in np.unique(book.run_host):
        for near in np.unique(sender):
            ours = (book.run_host == far) & (sender == near)
            if not ours.any():
                continue
            between = rough[near] - rough[far]
            for stamps in (started, finished, raised):
                here = np.flatnonzero(ours & (stamps != -1))
                bounds = network.shift(stamps[here], clocks[far], clocks[near])
                stamps[here] += np.rint(_middle(bounds, between)).astype(np.int64) + base[here]
                give[here] = np.maximum(give[here], bounds.half())
    return replace(
        book,
        due=due,
        sent=sent,
        returned=returned,
        started=started,
        finished=finished,
        raised=raised if book.types else np.empty(0, np.int64),
        give_ns=give,
    )


def _at(rough: Mapping[int, int], book: Ledger) -> Ints:
    """(runs,) the rough offset of the host of each run."""
    most = max(rough, default=0) + 1
    table = np.array([rough.get(number, 0) for number in range(most)], np.int64)
    return table[book.run_host]


def _middle(bounds: Interval, otherwise: int) -> Floats:
    """The middle of what is known, and `otherwise` where nothing is."""
    low, high = (np.where(bounds.known(), each, 0.0) for each in (bounds.low, bounds.high))
    return np.where(bounds.known(), (low + high) / 2, float(otherwise))


def _added(stamps: Ints, by: Floats) -> Ints:
    """Stamps that are there, moved; -1 is none."""
    return np.where(stamps == -1, -1, stamps + np.rint(by).astype(np.int64))
