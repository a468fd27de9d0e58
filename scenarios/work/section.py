"""work on the page: throughput against the number of workers, with its ceiling."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes

from bench.analysis.dataset import Joined, workers_of
from bench.analysis.formatting import figure
from bench.model.machine_facts import usable_cores
from bench.report.charts import look_of
from bench.report.section import Section
from bench.report.style import MUTED, Chart, Palette, finish, new_figure, svg
from bench.report.tables import Column, Heading, Table, all_cells, table
from scenarios.work import ceiling

WORK: tuple[Column, ...] = (
    ("throughput", "Throughput"),
    ("ceiling_share", "Of the ceiling"),
    ("slots_seen", "Workers seen at work"),
    ("worker_memory_peak_bytes", "Workers, peak"),
    ("worker_memory_per_slot_bytes", "Per worker"),
    ("worker_cpu_ms_per_task", "Worker CPU per task"),
    ("enqueue_rate", "Enqueue, plain call"),
    ("broker_bytes_per_task", "Broker per queued task"),
)
ENQUEUING = ("enqueue_rate", "broker_bytes_per_task")  # what the size of a task bears on
KINDS = {
    "sleep": "10 ms of waiting",
    "cpu": "10 ms of computing",
    "payload": "nothing, with 10 KiB of payload",
}


def tables(joined: Joined) -> list[Table]:
    """One table per kind of task, its numbers of workers under each other."""
    return [
        made
        for kind, about in KINDS.items()
        for made in table(
            joined,
            "work",
            f"Tasks: {about}",
            [column for column in WORK if kind == "payload" or column[0] not in ENQUEUING],
            [Heading(_heading(case), (case,)) for case in _cases(joined, kind)],
        )
    ]


def _cases(joined: Joined, kind: str) -> list[str]:
    return [case for case in joined.cases("work") if case.startswith(f"{kind}/")]


def _heading(case: str) -> str:
    count = case.partition("/")[2]
    return f"{count} worker{'' if count == '1' else 's'}"


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """One chart per kind of task."""
    return [chart for kind in KINDS if (chart := _against_workers(joined, looks, kind))]


def _against_workers(joined: Joined, looks: Palette, kind: str) -> Chart | None:
    """None where no arm has a number."""
    cases = {case: workers_of(joined, case) for case in _cases(joined, kind)}
    counts = sorted(set(cases.values()))
    figures = {
        arm: [
            (cases[case], figure(joined.rows("work", case, arm, "throughput"), "throughput"))
            for case in sorted(cases, key=lambda case: cases[case])
        ]
        for arm in joined.arms
    }
    lines = {
        arm: points
        for arm, every in figures.items()
        if (points := [(count, each) for count, each in every if each.is_number])
    }
    if not lines:
        return None
    drawn, (ax,) = new_figure(3.1)
    legend = [(arm, look_of(joined, looks, arm)) for arm in lines]
    for arm, look in legend:
        ax.plot(
            [count for count, _ in lines[arm]],
            [each.value or 0.0 for _, each in lines[arm]],
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or ".",
            markersize=5,
        )
    cores = usable_cores(joined.runs[0].manifest.machine)
    most = {count: top for count in counts if (top := ceiling(f"{kind}/{count}", count, cores))}
    if most:
        _draw_ceiling(ax, most)
    ax.set(xscale="log", yscale="log")
    finish(ax, "workers, log scale", "tasks/s, log scale")
    ax.set_xticks(counts, list(map(str, counts)))
    title = f"Throughput against workers: {KINDS[kind]}"
    caption = "Median over the blocks." + (
        " Broken grey line: workers ÷ task time, computing on no more workers than cores."
        if most
        else ""
    )
    caption += " ".join(["", *_idle(joined, cases, list(lines))])
    cells = all_cells(each.cells for line in lines.values() for _, each in line)
    return Chart(title, svg(drawn, f"work-{kind}", title), caption, legend, cells)


def _idle(joined: Joined, cases: Mapping[str, int], arms: Sequence[str]) -> Iterator[str]:
    """A sentence for each arm and case with workers that never had a task."""
    for arm in arms:
        for case, workers in cases.items():
            seen = figure(joined.rows("work", case, arm, "slots_seen"), "slots_seen")
            if seen.value is not None and seen.value < workers:
                yield f"{arm}: {seen.text} of {workers} workers were seen at work."


def _draw_ceiling(ax: Axes, most: Mapping[int, float]) -> None:
    """The most tasks per second that so many workers could do."""
    ax.plot(
        list(most),
        list(most.values()),
        color=MUTED,
        linewidth=1.2,
        linestyle=(0, (4, 2)),
        marker="_",
        markersize=9,
    )
    ax.text(*list(most.items())[-1], "ceiling ", ha="right", va="bottom", color=MUTED)


SECTION = Section(
    about=(
        "A backlog of tasks that do something is drained by more and more workers: where does the "
        "library get into the way, and what does a worker cost?"
    ),
    tables=tables,
    charts=charts,
    how=(
        (
            "The backlog is sized by a look of a second at the same workers with the same tasks; "
            "the window of the throughput is that of the burst."
        ),
        (
            "The ceiling is arithmetic: workers ÷ task time; for computing tasks no more workers "
            "than cores count. Nobody can be above it."
        ),
        (
            "10 ms of computing are 10 ms on the clock of the thread's own CPU time: what the "
            "machine does meanwhile does not shorten the task."
        ),
        (
            "Per worker: the peak of the whole tree divided by the workers, so what all share "
            "weighs more with one worker than with many."
        ),
        "32 and 100 workers only where they are threads or greenlets of one process.",
        (
            "Workers seen at work: the threads, processes or parents that finished a task. A pool "
            "of threads may start one only when none is idle, as Celery's does. Where each task "
            "has a greenlet of its own: the most tasks that ran at the same time."
        ),
        (
            "As shipped Celery keeps its result backend per thread, so each greenlet of its gevent "
            "pool makes its own, connection included; celery/gevent sets "
            "result_backend_thread_safe, so that they share one. The reference's did not."
        ),
        "The payload is random text of 64 letters; RQ packs it (zlib) to about three quarters.",
    ),
    not_shown=(
        (
            "Tasks that wait for a database or a network: a sleep gives the core away and comes "
            "back in time."
        ),
        "More workers than these on more cores: everything shares this machine.",
    ),
)
