"""What Huey's settings let one expect after a fault; a prediction makes no number."""

from collections.abc import Mapping
from typing import Any

from adapters.base import Fault, Prediction

POPPED = "a task whose pop Redis had carried out, and whose answer did not arrive, is lost"


def predict(fault: Fault, settings: Mapping[str, Any], saved: bool) -> Prediction | None:
    """From what Huey remembers of a task that it has popped: nothing."""
    if fault in (Fault.DEPLOY, Fault.ROLLING):
        if settings.get("-g") == "TERM":
            return Prediction("SIGTERM waits for running tasks.", "recovered", "recovered", (0, 10))
        return Prediction(
            "SIGTERM interrupts running tasks: they are lost (the graceful signal is SIGINT).",
            "lost",
            "recovered",
        )
    if fault == Fault.CHILD_CRASH:
        return Prediction(
            f"The task is lost; its worker is replaced within {settings.get('-c', 10)} s.",
            "lost",
            "recovered",
        )
    if fault in (Fault.BROKER_CRASH, Fault.ENQUEUE_OUTAGE, Fault.NETWORK_CUT):
        if saved:
            return Prediction(
                "The consumer retries with a back-off from 0.1 s; what waited is still there.",
                "recovered",
                "recovered",
                (0, 25),
                POPPED,
            )
        return Prediction(
            "The consumer retries with a back-off from 0.1 s; an unsaved Redis comes back empty.",
            "recovered",
            "lost",
        )
    if fault == Fault.WORKER_CRASH:
        return Prediction(
            "A popped task is remembered nowhere: what ran is lost. "
            "What waits is run when the consumer is back.",
            "lost",
            "recovered",
        )
    return _further(fault, settings.get("-k", "thread"))


def _further(fault: Fault, worker: str) -> Prediction | None:
    if fault == Fault.POISON:
        if worker == "process":
            return Prediction(
                "Its process dies and the task with it; the health check starts another.",
                "recovered",
                "recovered",
            )
        return Prediction(
            "The consumer dies with all that it ran; the task was popped, and is not run again.",
            "lost",
            "recovered",
        )
    if fault == Fault.HANG:
        kept = (
            "A timeout of a thread is only kept by a task that asks for it: "
            "the slot is gone for good."
        )
        return Prediction(
            kept if worker == "thread" else "The worker ends the task at its timeout.",
            "recovered",
            "recovered",
        )
    if fault == Fault.CONNECTIONS_KILLED:
        return Prediction(
            "The consumer connects again with a back-off from 0.1 s.",
            "recovered",
            "recovered",
            (0, 10),
            POPPED,
        )
    if fault in (Fault.BROKER_FREEZE, Fault.HALF_OPEN):
        return Prediction(
            "A read without an answer ends after 5 s and is tried again on a new connection.",
            "recovered",
            "recovered",
            (0, 25),
            POPPED,
        )
    return None
