"""Where RQ holds a task, and what its settings let one expect after a fault."""

from collections.abc import Mapping
from typing import Any

from adapters.base import Held

QUEUE = "default"
LISTS = {f"rq:queue:{QUEUE}": "queue", f"rq:queue:{QUEUE}:intermediate": "intermediate queue"}
REGISTRIES = {"wip": "started registry", "scheduled": "scheduled registry", "deferred": "deferred registry", "failed": "failed registry"}
HEARTBEAT_GRACE_S = 60  # hard-coded in RQ


def held(broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
    """Task id → place, for those of `handles` that RQ still keeps; the id stands in the job's description."""
    import redis

    places: dict[str, Held] = {}
    with redis.Redis.from_url(broker) as client:
        for key, place in LISTS.items():
            for job in client.lrange(key, 0, -1):
                places[job.decode()] = Held(place)
        for name, place in REGISTRIES.items():
            for member in client.zrange(f"rq:{name}:{QUEUE}", 0, -1):
                places[member.decode().partition(":")[0]] = Held(place, failed=name == "failed")
        pipeline = client.pipeline(transaction=False)
        for job in places:
            pipeline.hget(f"rq:job:{job}", "description")
        described = pipeline.execute()
    found = {_task(text): place for text, place in zip(described, places.values(), strict=True) if text}
    return {task: place for task, place in found.items() if task in handles}


def _task(description: bytes) -> int:
    return int(description.decode().partition("(")[2].partition(")")[0].partition(",")[0])


def predict(fault: str, settings: Mapping[str, Any]) -> str:
    """One sentence for each fault."""
    again = "run again" if settings.get("retry_max") else "recorded as failed"
    if fault == "child-crash":
        return f"The worker sees its work-horse die; the task is at once {again}."
    if fault == "deploy":
        return "A warm shutdown: the running task finishes."
    if fault == "broker-crash":
        return "A worker with a running task exits and needs the supervisor; an unsaved Redis comes back empty."
    heartbeat = int(settings.get("--job-monitoring-interval", 30)) + HEARTBEAT_GRACE_S
    maintenance = int(settings.get("--maintenance-interval", 600))
    return f"The heartbeat of a dead worker's task expires after {heartbeat} s; the next maintenance, up to {maintenance} s later, has it {again}."
