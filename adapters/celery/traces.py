"""Where Celery's Redis transport holds a task, and what its settings let one expect after a fault."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from adapters.base import Held, Prediction

EXITS = "a worker that has unacknowledged tasks and an open pop exits on a known bug, and the supervisor starts it again; one with a full window does not"
QUEUES = ("celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169")


def held(broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
    """Task id → place, for those of `handles` that the broker or the result backend knows."""
    import redis

    with redis.Redis.from_url(broker) as client:
        places: dict[int, Held] = {}
        wanted = {handle: task for task, handle in handles.items() if handle}
        names = list(wanted)
        for at in range(0, len(names), 1000):
            for name, meta in zip(names[at : at + 1000], client.mget([f"celery-task-meta-{n}" for n in names[at : at + 1000]]), strict=True):
                if meta and json.loads(meta).get("status") == "FAILURE":
                    places[wanted[name]] = Held("result backend: FAILURE", failed=True)
        for raw in client.hvals("unacked"):
            places[_task(json.loads(raw)[0])] = Held("unacked")
        for queue in QUEUES:
            for raw in client.lrange(queue, 0, -1):
                places[_task(json.loads(raw))] = Held("queue")
    return {task: place for task, place in places.items() if task in handles}


def _task(message: dict[str, Any]) -> int:
    args = json.loads(base64.b64decode(message["body"]))[0]
    return int(args[0])


def predict(fault: str, settings: Mapping[str, Any], saved: bool) -> Prediction | None:
    """From acknowledgement, visibility timeout and what Redis has written to disk."""
    late = bool(settings.get("task_acks_late"))
    options = settings.get("broker_transport_options") or {}
    visibility = options.get("visibility_timeout", 3600)
    sweep = options.get("unacked_restore_interval", 10) * options.get("unacked_restore_throttle", 10)
    if fault in ("worker-crash", "poison") and not options.get("ack_emulation", True):
        return Prediction("Nothing is acknowledged: what a worker had fetched is gone with it.", "lost", "lost")
    if fault in ("deploy", "rolling"):
        return Prediction("A warm shutdown: running tasks finish, prefetched ones go back to the queue.", "recovered", "recovered", (0, 10))
    if fault == "child-crash":
        return child_crash(late and bool(settings.get("task_reject_on_worker_lost")))
    if fault == "broker-crash":
        if saved:
            text = "The worker reconnects after 2, 6, 12 … s; what was prefetched and not started comes back after the visibility timeout."
            return Prediction(text, "recovered", "recovered", (3, visibility + sweep), EXITS)
        return Prediction("The worker reconnects after 2, 6, 12 … s, to an empty Redis: what waited is gone.", "recovered", "lost", None, EXITS)
    if fault == "worker-crash" and late:
        text = f"All that was delivered comes back {visibility} to {visibility + sweep} s after its delivery."
        return Prediction(text, "recovered", "recovered", (visibility - 1, visibility + sweep + 2))
    if fault == "worker-crash":
        text = f"Running tasks were acknowledged before they ran: lost. Prefetched ones come back {visibility} to {visibility + sweep} s after their delivery."
        return Prediction(text, "lost", "stuck", None, "a task that Redis hands to the open pop of a worker just killed is lost as well")
    if fault in ("enqueue-outage", "network-cut") and saved:
        text = "As after a crash of the broker: the worker reconnects after 2, 6, 12 … s; what was prefetched may wait for the visibility timeout."
        return Prediction(text, "recovered", "recovered", (0, visibility + sweep + 12), EXITS)
    if fault == "connections-killed":
        text = "The worker reconnects at once; what it had fetched and not acknowledged may wait for the visibility timeout."
        return Prediction(text, "recovered", "recovered", (0, visibility + sweep + 2), EXITS)
    if fault == "half-open":
        return Prediction(
            "The worker runs what it has; a pop without an answer is noticed after 26 to 51 s. A publish has no timeout.", "recovered", "recovered"
        )
    return by_task(fault, late and bool(settings.get("task_reject_on_worker_lost")), settings)


def by_task(fault: str, requeued: bool, settings: Mapping[str, Any]) -> Prediction | None:
    """What one task or a silent broker does to the others, on every broker."""
    if fault == "poison":
        its = "goes back to the queue and kills again, without end" if requeued else "is recorded as failed (WorkerLostError)"
        return Prediction(f"The pool replaces the dead child; the task {its}; the others run beside it.", "recovered", "recovered")
    if fault == "hang":
        limited = settings.get("-P") in (None, "prefork")
        text = "The pool kills the child at the hard time limit." if limited else "This pool knows no time limit: the slot is gone for good."
        return Prediction(text, "recovered", "recovered")
    if fault == "broker-freeze":
        return Prediction("No timeout on the worker's side: all goes on where it stood when the broker answers again.", "recovered", "recovered", (0, 20))
    return None


def child_crash(requeued: bool) -> Prediction:
    """The same on every broker."""
    if requeued:
        return Prediction("Back to the queue as soon as the pool notices, within 5 s.", "recovered", "recovered", (0, 6))
    return Prediction("The running task is recorded as failed (WorkerLostError) and not run again.", "failed", "recovered")
