"""What RQ's settings let one expect after a fault; a prediction makes no number."""

from collections.abc import Mapping
from typing import Any

from adapters.base import Fault, Prediction

HEARTBEAT_GRACE_S = 60  # hard-coded in RQ
LATER = (
    "the second run comes with the maintenance after the heartbeat has expired, "
    "a minute or more later: a cell in which all has finished by then has ended"
)


def predict(fault: Fault, settings: Mapping[str, Any], saved: bool) -> Prediction | None:
    """What heartbeat, maintenance and retries let one expect; None where nothing is known."""
    again = bool(settings.get("retry_max"))
    outcome = "run again" if again else "recorded as failed"
    if fault == Fault.CHILD_CRASH:
        text = f"The worker sees its work-horse die; the task is at once {outcome}."
        return Prediction(
            text, "recovered" if again else "failed", "recovered", (0, 3) if again else None
        )
    if fault in (Fault.DEPLOY, Fault.ROLLING):
        return Prediction(
            "A warm shutdown: the running task finishes.", "recovered", "recovered", (0, 10)
        )
    if fault in (Fault.BROKER_CRASH, Fault.ENQUEUE_OUTAGE, Fault.NETWORK_CUT):
        if saved:
            text = (
                "A worker with a running task exits and needs the supervisor; "
                "its task has finished and is run once more where it may be retried."
            )
            return Prediction(
                text,
                "doubled" if again else "recovered",
                "recovered",
                (3, 100),
                LATER if again else "",
            )
        return Prediction(
            "A worker with a running task exits and needs the supervisor; "
            "an unsaved Redis comes back empty.",
            "recovered",
            "lost",
        )
    if fault == Fault.WORKER_CRASH:
        heartbeat = int(settings.get("--job-monitoring-interval", 30)) + HEARTBEAT_GRACE_S
        maintenance = int(settings.get("--maintenance-interval", 600))
        text = (
            f"The heartbeat of a dead worker's task expires after {heartbeat} s; "
            f"the next maintenance, up to {maintenance} s later, has it {outcome}."
        )
        return Prediction(
            text,
            "recovered" if again else "stuck",
            "recovered",
            (heartbeat - 2, heartbeat + maintenance + 3) if again else None,
        )
    return _further(fault, again)


def _further(fault: Fault, again: bool) -> Prediction | None:
    tries = "run four times in all, then recorded as failed" if again else "recorded as failed"
    if fault == Fault.POISON:
        return Prediction(
            f"Its work-horse dies, the worker lives; the task is {tries}; "
            "the others run beside it.",
            "recovered",
            "recovered",
        )
    if fault == Fault.HANG:
        return Prediction(
            f"An alarm in the work-horse ends it at the limit; the task is {tries}.",
            "recovered",
            "recovered",
        )
    if fault == Fault.CONNECTIONS_KILLED:
        return Prediction(
            "The client connects again and repeats the command.", "recovered", "recovered", (0, 10)
        )
    if fault == Fault.BROKER_FREEZE:
        return Prediction(
            "The worker's timeout is 415 s: all goes on where it stood when Redis answers again.",
            "recovered",
            "recovered",
            (0, 20),
        )
    if fault == Fault.HALF_OPEN:
        text = (
            "The worker waits 415 s for an answer, unless the keep-alive of TCP finds the other "
            "side dead after 45 s; what waits, waits."
        )
        return Prediction(text, "stuck", "stuck")
    return None
