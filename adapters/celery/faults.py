"""What Celery's settings let one expect after a fault; a prediction makes no number."""

from collections.abc import Mapping

from adapters.base import SAVED, Fault, Launch, Prediction

RECOVERED = ("recovered", "recovered")  # what ran, what waited
UNREAD = (
    "a child's acknowledgement is read some milliseconds after a task has begun: "
    "one that begins just before the signal is put back though it runs"
)
TWICE = (
    "The broker gives back what a closed connection had; "
    "a task that was running by then goes on, and runs once more."
)
OWN_ONLY = "only what ran when its own connection closed runs twice"
EXITS = (
    "a worker that has unacknowledged tasks and an open pop exits on a known bug, "
    "and the supervisor starts it again; one with a full window does not"
)
WARM = Prediction(
    "A warm shutdown: running tasks finish, prefetched ones go back to the queue.",
    *RECOVERED,
    (0, 10),
    UNREAD,
)
UNACKNOWLEDGED = Prediction(
    "Nothing is acknowledged: what a worker had fetched is gone with it.", "lost", "lost"
)
UNWRITTEN = Prediction(
    "The worker reconnects after 2, 6, 12 … s, and makes the queue anew: "
    "it was never written to disk, and what waited is gone.",
    "recovered",
    "lost",
)
FROZEN = Prediction(
    "No timeout on the worker's side: all goes on where it stood when the broker answers again.",
    *RECOVERED,
    (0, 20),
)


def predict(fault: Fault, launch: Launch) -> Prediction | None:
    """From acknowledgement, and what the broker does with it; None where nothing is known."""
    if launch.broker == "rabbitmq":
        of_broker = _on_rabbitmq(bool(launch.settings.get("task_acks_late")))
        if launch.settings.get("task_default_delivery_mode") == "transient":
            of_broker |= {Fault.BROKER_CRASH: UNWRITTEN, Fault.ENQUEUE_OUTAGE: UNWRITTEN}
    else:
        of_broker = _on_redis(launch)
    return (_on_every_broker(launch) | of_broker).get(fault)


def _on_every_broker(launch: Launch) -> dict[Fault, Prediction]:
    """What a signal, one task or a silent broker does to the others."""
    settings = launch.settings
    if settings.get("task_acks_late") and settings.get("task_reject_on_worker_lost"):
        poison = "goes back to the queue and kills again, without end"
        child_crash = Prediction(
            "Back to the queue as soon as the pool notices, within 5 s.", *RECOVERED, (0, 6)
        )
    else:
        poison = "is recorded as failed (WorkerLostError)"
        child_crash = Prediction(
            "The running task is recorded as failed (WorkerLostError) and not run again.",
            "failed",
            "recovered",
        )
    return {
        Fault.DEPLOY: WARM,
        Fault.ROLLING: WARM,
        Fault.CHILD_CRASH: child_crash,
        Fault.POISON: Prediction(
            f"The pool replaces the dead child; the task {poison}; the others run beside it.",
            *RECOVERED,
        ),
        Fault.HANG: Prediction(
            "The pool kills the child at the hard time limit."
            if settings.get("-P") in (None, "prefork")
            else "This pool knows no time limit: the slot is gone for good.",
            *RECOVERED,
        ),
        Fault.BROKER_FREEZE: FROZEN,
    }


def _on_redis(launch: Launch) -> dict[Fault, Prediction]:
    """From acknowledgement and visibility timeout."""
    options: Mapping[str, float] = launch.settings.get("broker_transport_options") or {}
    visible = options.get("visibility_timeout", 3600)
    swept = visible + options.get("unacked_restore_interval", 10) * options.get(
        "unacked_restore_throttle", 10
    )
    if not options.get("ack_emulation", True):
        of_worker = {Fault.WORKER_CRASH: UNACKNOWLEDGED, Fault.POISON: UNACKNOWLEDGED}
    elif launch.settings.get("task_acks_late"):
        of_worker = {
            Fault.WORKER_CRASH: Prediction(
                f"All that was delivered comes back {visible} to {swept} s after its delivery.",
                *RECOVERED,
                (visible - 1, swept + 2),
            ),
        }
    else:
        of_worker = {
            Fault.WORKER_CRASH: Prediction(
                "Running tasks were acknowledged before they ran: lost. "
                f"Prefetched ones come back {visible} to {swept} s after their delivery.",
                "lost",
                "stuck",
                None,
                "a task that Redis hands to the open pop of a worker just killed is lost as well",
            ),
        }
    return of_worker | _of_redis_itself(swept, launch.broker in SAVED)


def _of_redis_itself(swept: float, saved: bool) -> dict[Fault, Prediction]:
    """By what it has written to disk; `swept` s after its delivery a task is given back."""
    return {
        **(_saved(swept) if saved else UNSAVED),
        Fault.CONNECTIONS_KILLED: Prediction(
            "The worker reconnects at once; what it had fetched and not acknowledged may wait for "
            "the visibility timeout.",
            *RECOVERED,
            (0, swept + 2),
            EXITS,
        ),
        Fault.BROKER_FULL: Prediction(
            "Publishes are refused. A worker whose acknowledgement is refused takes that for "
            "unrecoverable and stops; its supervisor starts it again.",
            *RECOVERED,
            (0, swept + 12),
            "its process may hang in its shutdown instead of ending",
        ),
        Fault.HALF_OPEN: Prediction(
            "The worker runs what it has; a pop without an answer is noticed after 26 to 51 s. "
            "A publish has no timeout.",
            *RECOVERED,
        ),
    }


UNSAVED: Mapping[Fault, Prediction] = {
    Fault.BROKER_CRASH: Prediction(
        "The worker reconnects after 2, 6, 12 … s, to an empty Redis: what waited is gone.",
        "recovered",
        "lost",
        None,
        EXITS,
    )
}


def _saved(swept: float) -> Mapping[Fault, Prediction]:
    """What a Redis does that comes back with what it held."""
    away = Prediction(
        "As after a crash of the broker: the worker reconnects after 2, 6, 12 … s; "
        "what was prefetched may wait for the visibility timeout.",
        *RECOVERED,
        (0, swept + 12),
        EXITS,
    )
    crash = Prediction(
        "The worker reconnects after 2, 6, 12 … s; "
        "what was prefetched and not started comes back after the visibility timeout.",
        *RECOVERED,
        (3, swept),
        EXITS,
    )
    return {Fault.BROKER_CRASH: crash, Fault.ENQUEUE_OUTAGE: away, Fault.NETWORK_CUT: away}


def _on_rabbitmq(late: bool) -> dict[Fault, Prediction]:
    """From acknowledgement: the broker knows at once when a connection closes."""
    back = "The worker reconnects after 2, 6, 12 … s; the queue and its messages are on disk."
    cut = Prediction(TWICE, "doubled" if late else "recovered", "recovered", (0, 30), OWN_ONLY)
    if late:
        broker_crash = Prediction(f"{back} {TWICE}", "doubled", "recovered", (3, 30), OWN_ONLY)
        worker_crash = Prediction(
            "All that was delivered is back on the queue as soon as the dead worker's connection "
            "closes.",
            *RECOVERED,
            (1, 10),
        )
    else:
        broker_crash = Prediction(back, *RECOVERED, (3, 30))
        worker_crash = Prediction(
            "Running tasks were acknowledged before they ran: lost. "
            "Prefetched ones are back on the queue as soon as the connection closes.",
            "lost",
            "recovered",
        )
    return {
        Fault.WORKER_CRASH: worker_crash,
        Fault.BROKER_CRASH: broker_crash,
        Fault.NETWORK_CUT: cut,
        Fault.ENQUEUE_OUTAGE: cut,
        Fault.CONNECTIONS_KILLED: cut,
        Fault.BROKER_FULL: Prediction(
            "The alarm blocks whoever publishes, results too; deliveries go on.",
            *RECOVERED,
            (0, 15),
        ),
        Fault.HALF_OPEN: Prediction(
            "The worker runs what it has; a dead connection shows by its missing heartbeats "
            "(broker_heartbeat, 120 s).",
            *RECOVERED,
        ),
    }
