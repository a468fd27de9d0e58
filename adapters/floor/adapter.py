"""The floor: a bare Redis list, what any Redis queue in Python could reach at best.

That is in throughput, CPU and commands. Its memory is no bound: each of its workers is a process.
"""

import json
from collections.abc import Mapping, Sequence

from adapters.base import (
    REDISES,
    SAVED,
    Command,
    Fault,
    Held,
    Launch,
    Needs,
    Prediction,
    Profile,
)

KEY = "floor"


class Floor:
    """LPUSH in the generator, BRPOP in a loop in the worker, the same task body."""

    name = "floor"
    version = 1
    packages = ("redis",)
    app = "adapters.floor.app"
    workload_app = "adapters.floor.workload"
    brokers = REDISES
    reach = "adapters.floor.reach"
    push_command = "lpush"
    key_patterns = (KEY,)
    profiles: Mapping[str, Profile] = {
        "default": Profile(
            "default",
            "a bare Redis list and N processes that pop from it; no results, no acknowledgement",
            "at most once",
            False,
            "process",
            (),
        )
    }
    bulk_call = "LPUSH with 1,000 values"
    bulk_chunk = 1000

    def commands(self, launch: Launch) -> list[Command]:
        """One process per slot, each with the same command."""
        return [Command(("python", "-m", launch.app or self.app))] * launch.slots

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
        """The tasks that are on the list; any other is held nowhere."""
        import redis

        with redis.Redis.from_url(broker) as client:
            tasks = {int(json.loads(item)[0]) for item in client.lrange(KEY, 0, -1)}
        return {task: Held("queue") for task in handles if task in tasks}

    def lacks(self, launch: Launch, needs: Needs) -> str:
        """All that a queue offers beside passing tasks on."""
        asked = {
            "queues of other names": needs.queues,
            "priorities": needs.priorities,
            "retries": needs.retries,
            "time limits": needs.limits,
        }
        lacking = next((what for what, value in asked.items() if value), "")
        return f"a bare Redis list has no {lacking}" if lacking else ""

    def redis_commands(self, launch: Launch, database: str) -> Sequence[str]:
        """The commands that it needs: a push and a pop."""
        return (f"LPUSH {KEY} x", f"BRPOP {KEY} 1")

    def predict(self, fault: Fault, launch: Launch) -> Prediction | None:
        """What a bare list lets one expect; None where that is nothing of its own."""
        if fault == Fault.BROKER_CRASH and launch.broker not in SAVED:
            return Prediction(
                "An unsaved Redis comes back empty: what waited is gone; "
                "the worker ends and needs the supervisor.",
                "recovered",
                "lost",
            )
        if fault in (Fault.WORKER_CRASH, Fault.DEPLOY):
            return Prediction(
                "What was popped is gone with its process; "
                "the rest waits on the list for the next worker.",
                "lost",
                "recovered",
            )
        return None


ADAPTER = Floor()
