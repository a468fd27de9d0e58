"""work: a backlog of tasks that do something is drained by 1, N and 4 N workers, and by many where
they are threads or greenlets."""

from collections.abc import Mapping, Sequence

from bench.model.cell import Cell, Params
from bench.model.scenario import Scenario

TASK_MS = 10
KINDS = ("sleep", "cpu", "payload")
COUNTS, MANY = ("1", "N", "4N"), ("32", "100")
DRAIN_S = {"smoke": 1.0, "quick": 3.0, "full": 15.0}
LOOK_S = {"smoke": 0.25, "quick": 0.5, "full": 1.0}
AT_MOST_S = 40.0  # a drain that was estimated too long ends here
LEAST, MOST = 100, 15_000  # more tasks say nothing more, and all of them are stored


def ceiling(case: str, slots: int, cores: float) -> float | None:
    """Tasks per second if nothing but the task took time; None where the task takes none."""
    kind = case.partition("/")[0]
    if kind == "payload":
        return None
    return (min(slots, cores) if kind == "cpu" else slots) / TASK_MS * 1000


class Work(Scenario):
    """Case `sleep/4N`: what a task does, and the number of workers; N is the plan's."""

    name = "work"
    drive_version = 1
    measure_version = 2
    order = 40
    about = (
        "tasks of 10 ms and tasks of 10 KiB from a backlog, by 1, N and 4 N workers: throughput "
        "against the arithmetic ceiling"
    )
    groups: Mapping[str, Sequence[str]] = {
        "sleep": tuple(f"sleep/{count}" for count in (*COUNTS, *MANY)),
        "cpu": tuple(f"cpu/{count}" for count in COUNTS),
        "payload": tuple(f"payload/{count}" for count in COUNTS),
        "many": tuple(f"sleep/{count}" for count in MANY),
    }

    def cases(self, size: str) -> Sequence[str]:
        """All of them, where there is time for it."""
        return {
            "smoke": tuple(f"{kind}/N" for kind in KINDS),
            "quick": (*self.groups["sleep"], "cpu/N", "payload/N"),
            "full": self.all_cases(),
        }[size]

    def all_cases(self) -> Sequence[str]:
        """Every kind at every number of workers."""
        return tuple(case for kind in KINDS for case in self.groups[kind])

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """How long the backlog is meant to last; the number of tasks follows from a look at the
        workers, unless it is given."""
        return {
            "drain_s": DRAIN_S[size],
            "look_s": LOOK_S[size],
            "at_most_s": AT_MOST_S,
            **({"tasks": tasks} if tasks else {}),
        }

    def slots(self, case: str, workers: int) -> int:
        """What stands behind the stroke."""
        count = case.partition("/")[2]
        return {"N": workers, "4N": 4 * workers}.get(count) or int(count)

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """The look, the drain, the filling as long as the enqueue calls take, and six seconds of
        starting and stopping."""
        tasks = min(MOST, rate * params["drain_s"])
        return float(
            2 * params["look_s"] + min(params["drain_s"], MOST / rate) + tasks / enqueue_rate + 6
        )

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return ("throughput", "worker_memory_peak_bytes", "worker_memory_per_slot_bytes")

    def skip(self, cell: Cell) -> str:
        """32 and 100 workers that are processes are more than a host of this kind is for."""
        if cell.case not in self.groups["many"] or cell.arm.profile.light:
            return ""
        return (
            f"{cell.slots} slots are measured where they are threads or greenlets; those of "
            f"{cell.arm.name} are processes"
        )


SCENARIO = Work()
