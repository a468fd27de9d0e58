"""What Celery's settings let one expect after a fault; a prediction makes no number."""

from collections.abc import Mapping
from typing import Any

from adapters.base import Fault, Prediction

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


def on_redis(fault: Fault, settings: Mapping[str, Any], saved: bool) -> Prediction | None:
    """From acknowledgement, visibility timeout and what Redis has written to disk."""
    late = bool(settings.get("task_acks_late"))
    options = settings.get("broker_transport_options") or {}
    visibility = options.get("visibility_timeout", 3600)
    sweep = options.get("unacked_restore_interval", 10) * options.get(
        "unacked_restore_throttle", 10
    )
    if fault in (Fault.WORKER_CRASH, Fault.POISON) and not options.get("ack_emulation", True):
        return Prediction(
            "Nothing is acknowledged: what a worker had fetched is gone with it.", "lost", "lost"
        )
    if fault in (Fault.DEPLOY, Fault.ROLLING):
        return Prediction(
            "A warm shutdown: running tasks finish, prefetched ones go back to the queue.",
            "recovered",
            "recovered",
            (0, 10),
            UNREAD,
        )
    if fault == Fault.CHILD_CRASH:
        return _child_crash(late and bool(settings.get("task_reject_on_worker_lost")))
    if fault == Fault.BROKER_CRASH:
        if saved:
            text = (
                "The worker reconnects after 2, 6, 12 … s; "
                "what was prefetched and not started comes back after the visibility timeout."
            )
            return Prediction(text, "recovered", "recovered", (3, visibility + sweep), EXITS)
        return Prediction(
            "The worker reconnects after 2, 6, 12 … s, to an empty Redis: what waited is gone.",
            "recovered",
            "lost",
            None,
            EXITS,
        )
    if fault == Fault.WORKER_CRASH and late:
        text = (
            f"All that was delivered comes back {visibility} to {visibility + sweep} s after its "
            "delivery."
        )
        return Prediction(text, "recovered", "recovered", (visibility - 1, visibility + sweep + 2))
    if fault == Fault.WORKER_CRASH:
        text = (
            "Running tasks were acknowledged before they ran: lost. "
            f"Prefetched ones come back {visibility} to {visibility + sweep} s after their "
            "delivery."
        )
        return Prediction(
            text,
            "lost",
            "stuck",
            None,
            "a task that Redis hands to the open pop of a worker just killed is lost as well",
        )
    if fault in (Fault.ENQUEUE_OUTAGE, Fault.NETWORK_CUT) and saved:
        text = (
            "As after a crash of the broker: the worker reconnects after 2, 6, 12 … s; "
            "what was prefetched may wait for the visibility timeout."
        )
        return Prediction(text, "recovered", "recovered", (0, visibility + sweep + 12), EXITS)
    if fault == Fault.CONNECTIONS_KILLED:
        text = (
            "The worker reconnects at once; what it had fetched and not acknowledged may wait for "
            "the visibility timeout."
        )
        return Prediction(text, "recovered", "recovered", (0, visibility + sweep + 2), EXITS)
    if fault == Fault.BROKER_FULL:
        text = (
            "Publishes are refused. A worker whose acknowledgement is refused takes that for "
            "unrecoverable and stops; its supervisor starts it again."
        )
        return Prediction(
            text,
            "recovered",
            "recovered",
            (0, visibility + sweep + 12),
            "its process may hang in its shutdown instead of ending",
        )
    if fault == Fault.HALF_OPEN:
        return Prediction(
            "The worker runs what it has; a pop without an answer is noticed after 26 to 51 s. "
            "A publish has no timeout.",
            "recovered",
            "recovered",
        )
    return _by_task(fault, late and bool(settings.get("task_reject_on_worker_lost")), settings)


def on_rabbitmq(fault: Fault, settings: Mapping[str, Any]) -> Prediction | None:
    """From acknowledgement: the broker knows at once when a connection closes."""
    late = bool(settings.get("task_acks_late"))
    if fault in (Fault.DEPLOY, Fault.ROLLING):
        return Prediction(
            "A warm shutdown: running tasks finish, prefetched ones go back to the queue.",
            "recovered",
            "recovered",
            (0, 10),
            UNREAD,
        )
    if fault == Fault.CHILD_CRASH:
        return _child_crash(late and bool(settings.get("task_reject_on_worker_lost")))
    if fault == Fault.BROKER_CRASH:
        text = "The worker reconnects after 2, 6, 12 … s; the queue and its messages are on disk."
        if late:
            return Prediction(f"{text} {TWICE}", "doubled", "recovered", (3, 30), OWN_ONLY)
        return Prediction(text, "recovered", "recovered", (3, 30))
    if fault == Fault.WORKER_CRASH and late:
        return Prediction(
            "All that was delivered is back on the queue as soon as the dead worker's connection "
            "closes.",
            "recovered",
            "recovered",
            (1, 10),
        )
    if fault == Fault.WORKER_CRASH:
        text = (
            "Running tasks were acknowledged before they ran: lost. "
            "Prefetched ones are back on the queue as soon as the connection closes."
        )
        return Prediction(text, "lost", "recovered")
    if fault in (Fault.NETWORK_CUT, Fault.ENQUEUE_OUTAGE, Fault.CONNECTIONS_KILLED):
        return Prediction(TWICE, "doubled" if late else "recovered", "recovered", (0, 30), OWN_ONLY)
    if fault == Fault.BROKER_FULL:
        return Prediction(
            "The alarm blocks whoever publishes, results too; deliveries go on.",
            "recovered",
            "recovered",
            (0, 15),
        )
    if fault == Fault.HALF_OPEN:
        text = (
            "The worker runs what it has; a dead connection shows by its missing heartbeats "
            "(broker_heartbeat, 120 s)."
        )
        return Prediction(text, "recovered", "recovered")
    return _by_task(fault, late and bool(settings.get("task_reject_on_worker_lost")), settings)


def _by_task(fault: Fault, requeued: bool, settings: Mapping[str, Any]) -> Prediction | None:
    """What one task or a silent broker does to the others, on every broker."""
    if fault == Fault.POISON:
        its = (
            "goes back to the queue and kills again, without end"
            if requeued
            else "is recorded as failed (WorkerLostError)"
        )
        return Prediction(
            f"The pool replaces the dead child; the task {its}; the others run beside it.",
            "recovered",
            "recovered",
        )
    if fault == Fault.HANG:
        limited = settings.get("-P") in (None, "prefork")
        text = (
            "The pool kills the child at the hard time limit."
            if limited
            else "This pool knows no time limit: the slot is gone for good."
        )
        return Prediction(text, "recovered", "recovered")
    if fault == Fault.BROKER_FREEZE:
        return Prediction(
            "No timeout on the worker's side: all goes on where it stood when the broker answers "
            "again.",
            "recovered",
            "recovered",
            (0, 20),
        )
    return None


def _child_crash(requeued: bool) -> Prediction:
    """What the death of a pool child does, the same on every broker."""
    if requeued:
        return Prediction(
            "Back to the queue as soon as the pool notices, within 5 s.",
            "recovered",
            "recovered",
            (0, 6),
        )
    return Prediction(
        "The running task is recorded as failed (WorkerLostError) and not run again.",
        "failed",
        "recovered",
    )
