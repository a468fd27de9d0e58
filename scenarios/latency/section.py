"""latency on the page: the capacity, then percentiles from the due time, case by case."""

from bench.analysis.dataset import Joined
from bench.report.section import Section
from bench.report.tables import Column, Heading, Table, by_case, table
from scenarios.latency.charts import charts

CAPACITY: tuple[Column, ...] = (("capacity", "Capacity"),)
LATENCY: tuple[Column, ...] = (
    ("latency_p50_ms", "P50"),
    ("latency_p90_ms", "P90"),
    ("latency_p99_ms", "P99"),
    ("latency_p999_ms", "P99.9"),
    ("wait_p99_ms", "Wait, P99"),
    ("service_p99_ms", "Service, P99"),
    ("enqueue_call_p99_ms", "Enqueue call, P99"),
    ("send_wait_p99_ms", "Behind an open call, P99"),
    ("latency_p99_from_sent_ms", "Naive P99, from sent"),
)


def tables(joined: Joined) -> list[Table]:
    """The capacity, then a group of rows per load, rate and round trip."""
    cases = [case for case in joined.cases("latency") if case != "capacity"]
    return [
        *table(joined, "latency", "Capacity", CAPACITY, (Heading("", ("capacity",)),)),
        *table(
            joined, "latency", "Latency from the moment a task was due", LATENCY, by_case(cases)
        ),
    ]


SECTION = Section(
    about=(
        "Tasks fall due at random moments, whether or not the system keeps up; each is timed from "
        "the moment it was due."
    ),
    tables=tables,
    charts=charts,
    compared=("capacity", "latency_p50_ms", "latency_p90_ms", "latency_p99_ms"),
    how=(
        (
            "Capacity: finished tasks per second while the backlog is kept between 100 and 200, by "
            "producer, broker and workers on this one host."
        ),
        (
            "Arrivals are Poisson from a stored seed, at shares of each arm's own capacity and at "
            "fixed rates. A late send keeps its due time."
        ),
        (
            "A percentile is given only with at least 10 spells of one second beyond it, for the "
            "tasks that one stall made late are one observation; a task that never finished ranks "
            "slower than all others."
        ),
        (
            "Unbounded: at the end of the phase more than one second of arrivals waits, and more "
            "than at its middle."
        ),
        (
            "The same P99 from the send instead of the due time is the naive figure, shown for "
            "contrast: it forgets the time for which a slow enqueue call kept others waiting."
        ),
    ),
    not_shown=(
        "Load in bursts, priorities, or tasks of unlike length.",
        (
            "Equal rates at equal loads: 0.7 of a fast arm is more tasks per second than 0.7 of a "
            "slow one. The fixed rates are there for that."
        ),
    ),
)
