"""workload on the page: is it good enough, then latency, fates and cost, type by type."""

from collections.abc import Sequence

from bench.analysis.dataset import Joined
from bench.analysis.objectives import SCENARIO, plain_cases
from bench.analysis.workload_searches import searches
from bench.report.section import Section, SectionBlock
from bench.report.tables import Column, Heading, Table, table
from scenarios.workload.answers import (
    answers,
    first_errors,
    goal_rows,
    not_offered,
    objectives,
    sentences,
)
from scenarios.workload.charts import charts

LATENCY: tuple[Column, ...] = (
    ("latency_p50_ms", "P50"),
    ("latency_p90_ms", "P90"),
    ("latency_p99_ms", "P99"),
    ("late", "Later than the objective"),
)
COST: tuple[Column, ...] = (
    ("load_rate", "Arrivals"),
    ("cpu_s_per_1000", "CPU-seconds per 1,000 tasks"),
    ("broker_commands_per_1000", "Broker commands per 1,000 tasks"),
    ("worker_memory_peak_bytes", "Workers, peak"),
    ("broker_memory_peak_bytes", "Broker, peak"),
    ("backlog_peak", "Backlog, peak"),
    ("objective_missed_s", "Missed for"),
    ("import_ms", "Import, P50"),
)
FATES: tuple[Column, ...] = tuple(
    (name, name)
    for name in (
        "finished",
        "recovered",
        "doubled",
        "failed",
        "stuck",
        "lost",
        "open",
        "refused",
        "unexpected",
    )
)


def tables(joined: Joined) -> list[Table]:
    """Latency and fates by type of task; cost, memory and backlog over all."""
    cases = plain_cases(joined)
    by_type = _headings(joined, cases)
    whole = [Heading("" if case == "-" else case, (case,)) for case in cases]
    return [
        *table(joined, SCENARIO, "Latency from the moment a task was due", LATENCY, by_type),
        *table(joined, SCENARIO, "What it costs, and what waits", COST, whole),
        *table(joined, SCENARIO, "What became of the tasks", FATES, by_type),
    ]


def _headings(joined: Joined, cases: Sequence[str]) -> list[Heading]:
    """Case by case all tasks, then each type."""
    ours = joined.frame[joined.frame["scenario"] == SCENARIO]
    types = [str(part) for part in dict.fromkeys(ours["part"]) if part]
    return [
        Heading(" · ".join(filter(None, ("" if case == "-" else case, name))), (case,), part)
        for case in cases
        for part, name in (("", "all tasks"), *((each, each) for each in types))
    ]


def leads(joined: Joined) -> list[str]:
    """A sentence for each arm, and for each answer of a search."""
    return [*sentences(joined, answers(joined)), *(each.sentence for each in searches(joined))]


def above(joined: Joined) -> list[SectionBlock]:
    """Whether it is good enough, arm by arm and goal by goal, and what was looked for."""
    told = answers(joined)
    return [
        SectionBlock(
            "workload_answers.html.j2",
            {
                "objectives": objectives(joined),
                "sentences": sentences(joined, told),
                "goals": goal_rows(told),
                "searches": searches(joined),
                "not_offered": not_offered(joined),
                "errors": first_errors(joined),
            },
        )
    ]


SECTION = Section(
    about=(
        "A load of the reader's own, from one file: what arrives, what a task does, and what is "
        "good enough. Every system gets the same arrivals and the same draws."
    ),
    tables=tables,
    charts=charts,
    leads=leads,
    above=above,
    compared=("latency_p50_ms", "latency_p90_ms", "latency_p99_ms", "cpu_s_per_1000"),
    how=(
        (
            "Arrivals, types, times, sizes, failures and arguments are drawn from the seed before "
            "the load begins, and are the same for every system. They wait for nothing: a late "
            "send keeps its due time."
        ),
        (
            "Latency is from due to finished, retries included. A task that failed, or did not "
            "finish for another reason, is later than any limit."
        ),
        (
            "A goal of P99 is met where at most 1 % of the tasks are later than its limit, one of "
            "P50 or P90 likewise. “Of the limit” is how far it is off: ×0.5 is twice as good as "
            "asked for."
        ),
        (
            "Whether a goal would be met again is answered second by second, for late tasks come "
            "in spells: “holds” and “misses” where the interval of the share of late tasks lies on "
            "one side of what is spared, else “unclear”."
        ),
        (
            "A failed task raised in its last run; the system's own retries come before that. "
            "Missed for: the seconds in which more than the spared share was late."
        ),
        (
            "CPU and broker commands are those of workers and broker under this load, the work of "
            "the tasks themselves included, which is the same for all. Import: what it takes "
            "inside the process until the task's module is there; RQ as shipped pays it per task."
        ),
    ),
    not_shown=(
        "What comes less often than once in the length of a cell.",
        (
            "Other mixes of the same tasks: shares, sizes and rates are what the file says. A "
            "latency per type has the other types in front of it."
        ),
        "Databases and services behind the tasks on machines of their own, unless yours are.",
    ),
)
