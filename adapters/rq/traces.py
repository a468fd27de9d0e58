"""Where RQ holds a task: a list or one of its registries."""

from collections.abc import Mapping, Sequence

from adapters.base import Held
from adapters.rq.queue_names import QUEUE

LISTS = {"rq:queue:{}": "queue", "rq:queue:{}:intermediate": "intermediate queue"}
REGISTRIES = {
    "wip": "started registry",
    "scheduled": "scheduled registry",
    "deferred": "deferred registry",
    "failed": "failed registry",
}


def held(
    broker: str, handles: Mapping[int, str], queues: Sequence[str] = (QUEUE,)
) -> Mapping[int, Held]:
    """Task id → place, for those of `handles` that RQ still keeps.

    The id stands in the job's description.
    """
    import redis

    places: dict[str, Held] = {}
    with redis.Redis.from_url(broker) as client:
        for queue in queues:
            for key, holding in LISTS.items():
                waiting = client.lrange(key.format(queue), 0, -1)
                places |= {job.decode(): Held(holding) for job in waiting}
            for name, holding in REGISTRIES.items():
                places |= {
                    member.decode().partition(":")[0]: Held(holding, failed=name == "failed")
                    for member in client.zrange(f"rq:{name}:{queue}", 0, -1)
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
