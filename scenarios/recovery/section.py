"""recovery on the page: the fault matrix, times and fates, and what was predicted."""

from bench.analysis.dataset import Joined
from bench.report.section import Section, SectionBlock
from bench.report.tables import Column, Table, by_case, table
from scenarios.recovery.charts import charts
from scenarios.recovery.matrix import matrix, predictions, sentences

TIMES: tuple[Column, ...] = (
    ("service_recovery_s", "Service"),
    ("work_recovery_s", "Work"),
    ("work_recovery_running_s", "Work, running"),
    ("work_recovery_waiting_s", "Work, waiting"),
    ("rate_recovery_s", "Rate"),
    ("backlog_recovery_s", "Backlog"),
    ("outage_s", "Outage"),
    ("enqueue_call_max_ms", "Longest enqueue call"),
    ("refused", "Calls refused"),
)
FATES: tuple[Column, ...] = tuple(
    (name, name.replace("_", " "))
    for name in (
        "strikes",
        "supervisor_starts",
        "culprit_runs",
        "running",
        "waiting",
        "recovered",
        "lost",
        "doubled",
        "failed",
        "stuck",
        "open",
        "refused",
        "unexpected",
    )
)


def tables(joined: Joined) -> list[Table]:
    """The times, then what became of the tasks, fault by fault."""
    faults = by_case(joined.cases("recovery"))
    return [
        *table(joined, "recovery", "Time from the fault until …", TIMES, faults),
        *table(joined, "recovery", "What became of the tasks", FATES, faults),
    ]


def above(joined: Joined) -> list[SectionBlock]:
    """Every fault and arm at one glance, and a sentence per arm."""
    return [
        SectionBlock(
            "fault_matrix.html.j2",
            {
                "arms": joined.arms_of("recovery"),
                "rows": matrix(joined),
                "sentences": sentences(joined),
            },
        )
    ]


def below(joined: Joined) -> list[SectionBlock]:
    """Measured beside what the adapters predict."""
    return [SectionBlock("predictions.html.j2", {"rows": predictions(joined)})]


SECTION = Section(
    about="Under a light, even load a fault strikes while every slot is busy and more tasks wait.",
    tables=tables,
    charts=charts,
    above=above,
    below=below,
    compared=("service_recovery_s", "work_recovery_s", "lost", "refused"),
    how=(
        (
            "10 × N tasks of 20 ms per second; at the seeded moment 4 × N tasks of 200 ms fall due "
            "at once, so that each fault finds N running and 3 × N waiting."
        ),
        (
            "A full cell strikes three times, the next time when service and rate are back; a time "
            "is the median of the strikes, a count their sum."
        ),
        (
            "Service: until the first start of a task accepted after the fault. Work: until the "
            "last task accepted before it has finished."
        ),
        (
            "Rate: until every 1 s window of the next 5 s holds 90 % of the tasks due. Backlog: "
            "until no more tasks wait than before. Outage: the longest gap between finishes."
        ),
        (
            "Calls refused: the enqueue call raised. Such a task is in no recovery time, so a "
            "system that refuses during an outage is not the quicker for it: read both together."
        ),
        (
            "“> x” means: not within the x seconds observed. That is a result; it is never "
            "averaged away."
        ),
        (
            "A deploy sends SIGTERM, as systemd and Kubernetes do, and SIGKILL 10 s later. The "
            "signal that each documentation gives for a graceful stop stands below its outcome."
        ),
        (
            "A supervisor starts a dead worker again after 1 s. Lost: not finished and held "
            "nowhere in the broker. Stuck: not finished and still held."
        ),
    ),
    not_shown=(
        (
            "Losses per cent of a run: they are per fault. How many tasks are at stake is in the "
            "columns running and waiting."
        ),
        (
            "The difference between a Redis that syncs every second and one that syncs at every "
            "write: only a power cut shows it, and a kill is none."
        ),
        (
            "A second run of a task that has finished and that the broker still holds: a cell ends "
            "when every task has finished, and RQ, for one, runs such a task again a minute later."
        ),
        "Power cuts, full disks, or a broker with replicas.",
    ),
)
