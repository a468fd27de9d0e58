"""Where RQ holds a task: a list or one of its registries."""

from collections.abc import Mapping

from adapters.base import Held

QUEUE = "default"
LISTS = {f"rq:queue:{QUEUE}": "queue", f"rq:queue:{QUEUE}:intermediate": "intermediate queue"}
REGISTRIES = {
    "wip": "started registry",
    "scheduled": "scheduled registry",
    "deferred": "deferred registry",
    "failed": "failed registry",
}


def held(broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
    """Task id → place, for those of `handles` that RQ still keeps.

    The id stands in the job's description.
    """
    import redis

    places: dict[str, Held] = {}
    with redis.Redis.from_url(broker) as client:
        for key, holding in LISTS.items():
            places |= {job.decode(): Held(holding) for job in client.lrange(key, 0, -1)}
        for name, holding in REGISTRIES.items():
            places |= {
                member.decode().partition(":")[0]: Held(holding, failed=name == "failed")
                for member in client.zrange(f"rq:{name}:{QUEUE}", 0, -1)
            }
        pipeline = client.pipeline(transaction=False)
        for job in places:
            pipeline.hget(f"rq:job:{job}", "description")
        described = pipeline.execute()
    by_task = {
        _task(text): holding
        for text, holding in zip(described, places.values(), strict=True)
        if text
    }
    return {task: holding for task, holding in by_task.items() if task in handles}


def _task(description: bytes) -> int:
    return int(description.decode().partition("(")[2].partition(")")[0].partition(",")[0])
