"""What Huey's settings let one expect after a fault; a prediction makes no number."""

from adapters.base import SAVED, Fault, Launch, Prediction

RECOVERED = ("recovered", "recovered")  # what ran, what waited
POPPED = "a task whose pop Redis had carried out, and whose answer did not arrive, is lost"
RETRIES = "The consumer retries with a back-off from 0.1 s;"
GRACEFUL = Prediction("SIGTERM waits for running tasks.", *RECOVERED, (0, 10))
INTERRUPTED = Prediction(
    "SIGTERM interrupts running tasks: they are lost (the graceful signal is SIGINT).",
    "lost",
    "recovered",
)
SAVED_AWAY = Prediction(f"{RETRIES} what waited is still there.", *RECOVERED, (0, 25), POPPED)
UNSAVED_AWAY = Prediction(f"{RETRIES} an unsaved Redis comes back empty.", "recovered", "lost")
UNANSWERED = Prediction(
    "A read without an answer ends after 5 s and is tried again on a new connection.",
    *RECOVERED,
    (0, 25),
    POPPED,
)
POISONED_PROCESS = Prediction(
    "Its process dies and the task with it; the health check starts another.", *RECOVERED
)
POISONED_CONSUMER = Prediction(
    "The consumer dies with all that it ran; the task was popped, and is not run again.",
    "lost",
    "recovered",
)


def predict(fault: Fault, launch: Launch) -> Prediction | None:
    """From what Huey remembers of a task that it has popped: nothing."""
    worker = launch.settings.get("-k", "thread")
    signalled = GRACEFUL if launch.settings.get("-g") == "TERM" else INTERRUPTED
    away = SAVED_AWAY if launch.broker in SAVED else UNSAVED_AWAY
    return {
        Fault.DEPLOY: signalled,
        Fault.ROLLING: signalled,
        Fault.CHILD_CRASH: Prediction(
            f"The task is lost; its worker is replaced within {launch.settings.get('-c', 10)} s.",
            "lost",
            "recovered",
        ),
        Fault.BROKER_CRASH: away,
        Fault.ENQUEUE_OUTAGE: away,
        Fault.NETWORK_CUT: away,
        Fault.WORKER_CRASH: Prediction(
            "A popped task is remembered nowhere: what ran is lost. "
            "What waits is run when the consumer is back.",
            "lost",
            "recovered",
        ),
        Fault.POISON: POISONED_PROCESS if worker == "process" else POISONED_CONSUMER,
        Fault.HANG: Prediction(
            "The worker ends the task at its timeout."
            if worker != "thread"
            else "A timeout of a thread is only kept by a task that asks for it: "
            "the slot is gone for good.",
            *RECOVERED,
        ),
        Fault.CONNECTIONS_KILLED: Prediction(
            "The consumer connects again with a back-off from 0.1 s.",
            *RECOVERED,
            (0, 10),
            POPPED,
        ),
        Fault.BROKER_FREEZE: UNANSWERED,
        Fault.HALF_OPEN: UNANSWERED,
    }.get(fault)
