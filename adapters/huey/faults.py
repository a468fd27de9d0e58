"""What Huey's settings let one expect after a fault; a prediction makes no number."""

from collections.abc import Mapping
from typing import Any

from adapters.base import Prediction

POPPED = "a task whose pop Redis had carried out, and whose answer did not arrive, is lost"


def predict(fault: str, settings: Mapping[str, Any], saved: bool) -> Prediction | None:
    """From what Huey remembers of a task that it has popped: nothing."""
    if fault in ("deploy", "rolling"):
        if settings.get("-g") == "TERM":
            return Prediction("SIGTERM waits for running tasks.", "recovered", "recovered", (0, 10))
        return Prediction("SIGTERM interrupts running tasks: they are lost (the graceful signal is SIGINT).", "lost", "recovered")
    if fault == "child-crash":
        return Prediction(f"The task is lost; its worker is replaced within {settings.get('-c', 10)} s.", "lost", "recovered")
    if fault in ("broker-crash", "enqueue-outage", "network-cut"):
        if saved:
            return Prediction("The consumer retries with a back-off from 0.1 s; what waited is still there.", "recovered", "recovered", (0, 25), POPPED)
        return Prediction("The consumer retries with a back-off from 0.1 s; an unsaved Redis comes back empty.", "recovered", "lost")
    if fault == "worker-crash":
        return Prediction("A popped task is remembered nowhere: what ran is lost. What waits is run when the consumer is back.", "lost", "recovered")
    return _further(fault, settings.get("-k", "thread"))


def _further(fault: str, worker: str) -> Prediction | None:
    if fault == "poison":
        if worker == "process":
            return Prediction("Its process dies and the task with it; the health check starts another.", "recovered", "recovered")
        return Prediction("The consumer dies with all that it ran; the task was popped, and is not run again.", "lost", "recovered")
    if fault == "hang":
        kept = "A timeout of a thread is only kept by a task that asks for it: the slot is gone for good."
        return Prediction(kept if worker == "thread" else "The worker ends the task at its timeout.", "recovered", "recovered")
    if fault == "connections-killed":
        return Prediction("The consumer connects again with a back-off from 0.1 s.", "recovered", "recovered", (0, 10), POPPED)
    if fault in ("broker-freeze", "half-open"):
        return Prediction("A read without an answer ends after 5 s and is tried again on a new connection.", "recovered", "recovered", (0, 25), POPPED)
    return None
