"""recovery: evenly spaced tasks, a load spike of longer ones, a fault when every slot is busy.

Then: what became of them, and when.
"""

from collections.abc import Mapping, Sequence

from bench.model.cell import Params
from bench.model.fault import CORE, FURTHER, OF_HOSTS, Fault
from bench.model.scenario import Scenario

TIMES = (
    "service_recovery_s",
    "work_recovery_s",
    "work_recovery_running_s",
    "work_recovery_waiting_s",
    "rate_recovery_s",
    "backlog_recovery_s",
)
HORIZON_S = {"smoke": 5.0, "quick": 20.0, "full": 90.0}
FURTHER_HORIZON_S = {"smoke": 20.0, "quick": 20.0, "full": 30.0}  # longer than any of them lasts
APART_S = 15.0  # between two strikes
STRIKES = {"smoke": 1, "quick": 1, "full": 3}


class RecoveryScenario(Scenario):
    """One case per fault."""

    name = "recovery"
    drive_version = 2  # a fault strikes once the whole load spike is accepted
    measure_version = 1
    order = 30
    main = True
    about = "what a fault does to the tasks it finds, and how long until all is as before"
    groups: Mapping[str, Sequence[str]] = {
        "core": CORE,
        "further": FURTHER,
        "hosts": OF_HOSTS,
    }

    def cases(self, size: str) -> Sequence[str]:
        """The four core faults; fewer where time is short."""
        return {"smoke": ("worker-crash",), "quick": ("worker-crash", "deploy"), "full": CORE}[size]

    def all_cases(self) -> Sequence[str]:
        """Every fault, and `none`, which must show nothing."""
        return tuple(Fault)

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """Lead-in, horizon and strikes; the libraries' own ids are kept, since some brokers know a
        failed task by nothing else."""
        fault, core = Fault(case), case in (*CORE, Fault.NONE)
        return {
            "lead_in_s": 3.0 if size == "smoke" else 10.0,
            "keep_handles": True,
            "generators": 2,
            "horizon_s": (HORIZON_S if core else FURTHER_HORIZON_S)[size],
            "strikes": STRIKES[size] if case in CORE else 1,
            **({"rtt_ms": 0.0} if fault.network else {}),
            **({"time_limit_s": fault.time_limit_s} if fault.time_limit_s else {}),
        }

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """Lead-in, strikes, half the horizon (many cells end early), starting and stopping."""
        return float(
            params["lead_in_s"]
            + (params["strikes"] - 1) * (APART_S + 2)
            + max(12.0, params["horizon_s"] / 2)
            + 4
        )

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return (*TIMES, "outage_s")


SCENARIO = RecoveryScenario()
