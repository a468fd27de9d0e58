"""A queue with a known truth: a Redis list whose client and workers do what their settings say.

It is an adapter like any other, given by its folder; nothing in the instrument knows of it.
"""

import json
from collections.abc import Mapping

from adapters.base import Command, Held, Launch, Needs, Profile, Setting

QUEUE, RUNNING = "synthetic", "synthetic-running"
HERE = "docs/methodology.md#selftest"


# All of these are off unless asked for.
SETTINGS = (
    Setting("service_ms", 0.0, HERE, "how long a no-op task takes"),
    Setting(
        "exponential", False, HERE, "draw that time from an exponential distribution with this mean"
    ),
    Setting("seed", 1, HERE, "for what is drawn"),
    Setting(
        "capacity", 0.0, HERE, "tasks per second that a slot begins at most; 0 = as many as it can"
    ),
    Setting("batch", 1, HERE, "tasks that a slot fetches at once"),
    Setting("shuffle", False, HERE, "run a batch in random order"),
    Setting("lose", [], HERE, "ids that a worker drops"),
    Setting("double", [], HERE, "ids that a worker runs twice"),
    Setting("unexpected", [], HERE, "ids that a worker runs and nobody sent"),
    Setting(
        "stall_worker",
        [],
        HERE,
        "[from, to]: seconds after its first measured task in which a worker stands still",
    ),
    Setting("stall_call", [], HERE, "[id, seconds]: the enqueue call of that task takes so long"),
    Setting(
        "fire_and_forget", False, HERE, "the enqueue call does not wait for the broker's answer"
    ),
    Setting("step_mib", 0, HERE, "memory that a worker takes at its hundredth task"),
    Setting(
        "leak_bytes", 0, HERE, "memory that a worker takes with each task and never gives back"
    ),
    Setting(
        "shared_mib", 0, HERE, "memory that a worker takes before it forks a child for each slot"
    ),
    Setting("burn_us", 0, HERE, "CPU that a task burns"),
    Setting(
        "back_after_s",
        0.0,
        HERE,
        "how long a worker that is started again waits before it serves; "
        "then it starts all that waits at once",
    ),
    Setting(
        "redeliver_s",
        0.0,
        HERE,
        "after how long a running task is delivered again if its worker has died; 0 = never",
    ),
    Setting(
        "slow_type",
        [],
        HERE,
        "[name, factor]: the tasks of that type of a workload take so many times their times",
    ),
)


class Synthetic:
    """One process per slot, or one parent with a child per slot where memory is shared."""

    name = "synthetic"
    version = 1
    packages = ("redis",)
    app = "synthetic.app"
    workload_app = "synthetic.workload"
    brokers = ("redis",)
    push_command = "lpush"
    key_patterns = ("synthetic*",)
    profiles: Mapping[str, Profile] = {
        "default": Profile(
            "default", "a process per slot", "at most once", False, "process", SETTINGS
        ),
        "kept": Profile(
            "kept",
            "what runs is remembered in the broker",
            "at least once",
            False,
            "process",
            SETTINGS,
        ),
        "forking": Profile(
            "forking", "a child per task", "at most once", False, "parent", SETTINGS
        ),
    }

    def commands(self, launch: Launch) -> list[Command]:
        """A worker per slot.

        One worker for all where the slots are children that share memory; another program where
        each task has a child.
        """
        if launch.profile == "forking":
            return [Command(("python", "-S", "-m", "synthetic.forking"))] * launch.slots
        program = ("python", "-m", launch.app or "synthetic.worker")
        if launch.settings["shared_mib"]:
            return [Command((*program, "0", str(launch.slots)))]
        return [Command((*program, str(slot), "1")) for slot in range(launch.slots)]

    def lacks(self, launch: Launch, needs: Needs) -> str:
        """It has retries and nothing else."""
        if launch.profile == "forking":
            return "the child of the forking profile knows the no-op alone"
        if needs.queues or needs.priorities or needs.limits:
            return "the synthetic queue has no other queues, no priorities and no time limits"
        return ""

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
        """Each task that is on the list or remembered as running; raises what the client raises."""
        import redis

        with redis.Redis.from_url(broker) as client:
            waiting = {
                int(json.loads(item)[0]): Held("queue") for item in client.lrange(QUEUE, 0, -1)
            }
            running = {
                int(json.loads(item)[0]): Held("running") for item in client.zrange(RUNNING, 0, -1)
            }
        return {
            task: holding for task, holding in {**running, **waiting}.items() if task in handles
        }


ADAPTER = Synthetic()
