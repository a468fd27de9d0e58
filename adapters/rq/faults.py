"""What RQ's settings let one expect after a fault; a prediction makes no number."""

from adapters.base import SAVED, Fault, Launch, Prediction

RECOVERED = ("recovered", "recovered")  # what ran, what waited
HEARTBEAT_GRACE_S = 60  # hard-coded in RQ
LATER = (
    "the second run comes with the maintenance after the heartbeat has expired, "
    "a minute or more later: a cell in which all has finished by then has ended"
)
EXITS = "A worker with a running task exits and needs the supervisor;"
EMPTY = Prediction(f"{EXITS} an unsaved Redis comes back empty.", "recovered", "lost")
WARM = Prediction("A warm shutdown: the running task finishes.", *RECOVERED, (0, 10))


def predict(fault: Fault, launch: Launch) -> Prediction | None:
    """What heartbeat, maintenance and retries let one expect; None where nothing is known."""
    again = bool(launch.settings.get("retry_max"))
    return (_of_workers(again, launch) | _of_redis(again, launch.broker in SAVED)).get(fault)


def _of_workers(again: bool, launch: Launch) -> dict[Fault, Prediction]:
    heartbeat = int(launch.settings.get("--job-monitoring-interval", 30)) + HEARTBEAT_GRACE_S
    maintenance = int(launch.settings.get("--maintenance-interval", 600))
    outcome = "run again" if again else "recorded as failed"
    requeueable = (
        f" So it is stuck until {heartbeat} to {heartbeat + maintenance} s after the crash, "
        "then failed, and `rq requeue` brings it back."
    )
    tries = "run four times in all, then recorded as failed" if again else "recorded as failed"
    return {
        Fault.WORKER_CRASH: Prediction(
            f"The heartbeat of a dead worker's task expires after {heartbeat} s; "
            f"the next maintenance, up to {maintenance} s later, has it {outcome}."
            f"{'' if again else requeueable}",
            "recovered" if again else "stuck",
            "recovered",
            (heartbeat - 2, heartbeat + maintenance + 3) if again else None,
        ),
        Fault.CHILD_CRASH: Prediction(
            f"The worker sees its work-horse die; the task is at once {outcome}.",
            "recovered" if again else "failed",
            "recovered",
            (0, 3) if again else None,
        ),
        Fault.DEPLOY: WARM,
        Fault.ROLLING: WARM,
        Fault.POISON: Prediction(
            f"Its work-horse dies, the worker lives; the task is {tries}; "
            "the others run beside it.",
            *RECOVERED,
        ),
        Fault.HANG: Prediction(
            f"An alarm in the work-horse ends it at the limit; the task is {tries}.", *RECOVERED
        ),
    }


def _of_redis(again: bool, saved: bool) -> dict[Fault, Prediction]:
    back = Prediction(
        f"{EXITS} its task has finished and is run once more where it may be retried.",
        "doubled" if again else "recovered",
        "recovered",
        (3, 100),
        LATER if again else "",
    )
    away = back if saved else EMPTY
    return {
        Fault.BROKER_CRASH: away,
        Fault.ENQUEUE_OUTAGE: away,
        Fault.NETWORK_CUT: away,
        Fault.CONNECTIONS_KILLED: Prediction(
            "The client connects again and repeats the command.", *RECOVERED, (0, 10)
        ),
        Fault.BROKER_FREEZE: Prediction(
            "The worker's timeout is 415 s: all goes on where it stood when Redis answers again.",
            *RECOVERED,
            (0, 20),
        ),
        Fault.HALF_OPEN: Prediction(
            "The worker waits 415 s for an answer, unless the keep-alive of TCP finds the other "
            "side dead after 45 s; what waits, waits.",
            "stuck",
            "stuck",
        ),
    }
