"""result on the page: how long the caller waits, and how much of it after the task."""

from bench.analysis.dataset import Joined
from bench.report.charts import bars
from bench.report.section import Section
from bench.report.style import Chart, Palette
from bench.report.tables import Column, Table, table

RESULT: tuple[Column, ...] = (
    ("round_trip_p50_ms", "Round trip, P50"),
    ("round_trip_p90_ms", "Round trip, P90"),
    ("round_trip_p99_ms", "Round trip, P99"),
    ("handover_p50_ms", "After the task, P50"),
)
DRAWN = {
    "round_trip_p50_ms": "From the send until the caller has the result, P50",
    "handover_p50_ms": "Of that, after the task has finished, P50",
}


def tables(joined: Joined) -> list[Table]:
    """One row per arm."""
    return table(joined, "result", "One caller that waits for each result", RESULT)


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Bars of the whole wait, and of its part after the task."""
    return [
        chart
        for metric, title in DRAWN.items()
        if (chart := bars(joined, looks, "result", "-", metric, title, "ms"))
    ]


SECTION = Section(
    about=(
        "One caller sends a task, waits for its result by the library's own call, and sends the "
        "next."
    ),
    tables=tables,
    charts=charts,
    how=(
        (
            "Round trip: from the send until the caller has the result. After the task: the part "
            "of it that begins when the task has finished."
        ),
        (
            "The next task is sent when the last result is there, so the workers idle between "
            "them: how long a caller waits, not how much the system bears."
        ),
        (
            "Celery's call is woken by a message, RQ's by a blocking read. Huey's asks again and "
            "again, first after 50 ms; its setting notify_result changes that."
        ),
        "A result that is not the task's own makes the cell wrong, and it gives no figure.",
    ),
    not_shown=("Many callers at once, or results of any size.",),
)
