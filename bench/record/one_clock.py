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
    main = next(iter(hosts.values())).clock
    clocks, rough = _known(book, hosts)
    later = np.zeros(len(book.task), np.int64)
    for number in np.unique(book.task_host):
        ours = book.task_host == number
        bounds = network.shift(book.due[ours], clocks[number], main)
        later[ours] = np.rint(_middle(bounds, -rough[number])).astype(np.int64)
    placed = beside_their_tasks(book, hosts, network)
    at, planned = positions(book.task, book.run_task)
    of_run = np.where(planned, later[np.where(planned, at, 0)], 0)
    return replace(
        placed,
        due=_added(book.due, later),
        sent=_added(book.sent, later),
        returned=_added(book.returned, later),
        started=_added(placed.started, of_run),
        finished=_added(placed.finished, of_run),
        raised=_added(placed.raised, of_run) if book.types else np.empty(0, np.int64),
    )


def beside_their_tasks(
    book: Ledger, hosts: Mapping[str, HostClock], network: ClockNetwork
) -> Ledger:
    """The same with the stamps of each run by the clock of whoever sent its task, and those of each
    task as they are: durations are right, and tasks of two senders are not beside each other.

    A run of no planned task is placed by the clock of the first of these hosts.
    """
    clocks, rough = _known(book, hosts)
    first = book.hosts.index(next(iter(hosts)))
    at, planned = positions(book.task, book.run_task)
    sender = np.where(planned, book.task_host[np.where(planned, at, 0)], first)
    started, finished, raised = (
        stamps.copy() for stamps in (book.started, book.finished, book.raised)
    )
    give = np.zeros(len(book.run_task))
    for far in np.unique(book.run_host):
        for near in np.unique(sender):
            ours = (book.run_host == far) & (sender == near)
            between = rough[near] - rough[far]
            for stamps in (started, finished, raised):
                here = np.flatnonzero(ours & (stamps != -1))
                if len(here):
                    bounds = network.shift(stamps[here], clocks[far], clocks[near])
                    stamps[here] += np.rint(_middle(bounds, between)).astype(np.int64)
                    give[here] = np.maximum(give[here], bounds.half())
    return replace(
        book,
        started=started,
        finished=finished,
        raised=raised if book.types else np.empty(0, np.int64),
        give_ns=give,
    )


def _known(
    book: Ledger, hosts: Mapping[str, HostClock]
) -> tuple[Mapping[int, str], Mapping[int, int]]:
    """By the index of a host in the ledger: its clock, and how far it is before the first's."""
    index = {label: number for number, label in enumerate(book.hosts)}
    there = {index[label]: each for label, each in hosts.items() if label in index}
    clocks = {number: each.clock for number, each in there.items()}
    return clocks, {number: each.offset_ns for number, each in there.items()}


def _middle(bounds: Interval, otherwise: int) -> Floats:
    """The middle of what is known, and `otherwise` where nothing is."""
    low, high = (np.where(bounds.known(), each, 0.0) for each in (bounds.low, bounds.high))
    return np.where(bounds.known(), (low + high) / 2, float(otherwise))


def _added(stamps: Ints, by: Ints) -> Ints:
    """Stamps that are there, moved; -1 is none."""
    return np.where(stamps == -1, -1, stamps + by)
