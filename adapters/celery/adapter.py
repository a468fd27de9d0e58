"""Celery: what it is, and its worker commands."""

from collections.abc import Collection, Mapping, Sequence

from adapters.base import (
    REDISES,
    Command,
    Fault,
    Held,
    Launch,
    Needs,
    Prediction,
    Profile,
    spellings,
)
from adapters.celery import faults, library_settings, rights, traces
from adapters.celery.profiles import PROFILES
from adapters.celery.queue_names import QUEUE, queue_name

LIMITING = ("prefork", "processes", "gevent")  # the pools that keep hard time limits


class Celery:
    """Celery as its users start it: `celery worker`."""

    name = "celery"
    title = "Celery"
    order = 1
    version = 2
    # The extra of an older Celery does not say which redis-py a newer Kombu gets along with; Kombu
    # has an extra of its own that does.
    packages = ("celery[redis]", "kombu[redis]", "redis")
    app = "adapters.celery.app"
    workload_app = "adapters.celery.workload"
    brokers = (*REDISES, "rabbitmq")
    first_broker = "rabbitmq"
    variables = (
        "CELERY*",
        "C_*",
        "KOMBU_*",
        "BROKER_*",
        "FLOWER_*",
        "PICKLE_PROTOCOL",
        "DISABLE_TRACEBACKS",
        "USE_FAST_LOCALS",
        "NOSETPS",
    )
    reach = "adapters.celery.reach"
    push_command = "lpush"
    queues = (QUEUE,)
    key_patterns = (
        "celery*",
        "_kombu.binding*",
        "unacked*",
        "*.celery.pidbox",
        "*.reply.celery.pidbox",
    )
    bulk_call = "kombu Producer.batch()"
    bulk_chunk = 1000
    bulk_brokers = REDISES
    answer_call = "AsyncResult.get()"
    answer_how = (
        "it subscribes to the result's channel (Redis) or consumes a reply queue (RabbitMQ), "
        "and is woken"
    )
    profiles: Mapping[str, Profile] = PROFILES

    def commands(self, launch: Launch) -> list[Command]:
        """One `celery worker` with a pool of N, or N solo workers with names of their own."""
        flags, names = launch.flags(), self.queue_names(launch)
        if len(names) > 1:
            flags += ["-Q", ",".join(names)]
        base = ("celery", "-A", launch.app or self.app, "worker")
        if launch.settings.get("-P") == "solo":
            return [
                Command((*base, "-n", f"w{number}@%h", *flags)) for number in range(launch.slots)
            ]
        return [Command((*base, *flags))]

    def tries(self, launch: Launch) -> list[Command]:
        """The worker's command with `--help`: its flags are read before the help is given."""
        return [Command((*self.commands(launch)[0].argv, "--help"))]

    def known_settings(self) -> Collection[str]:
        """Every lower-case name of Celery's configuration, and the options of its worker."""
        configured = {name: name for name in library_settings.configured()}
        return configured | spellings(library_settings.worker_options(), PROFILES.values())

    def graceful_signal(self, launch: Launch) -> str:
        """As "Stopping the worker" has it, for a warm shutdown."""
        return "SIGTERM"

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held] | None:
        """Tasks on the queue, delivered but unacknowledged, or failed in the result backend."""
        return traces.held(broker, handles)

    def queue_names(self, launch: Launch) -> tuple[str, ...]:
        """Celery's own, and one for each that a workload names."""
        named = (queue_name(route.queue) for route in launch.routes)
        return tuple(dict.fromkeys((QUEUE, *named)))

    def held_in(
        self, broker: str, handles: Mapping[int, str], queues: Sequence[str]
    ) -> Mapping[int, Held] | None:
        """As `held`, where the tasks are on several queues."""
        return traces.held(broker, handles, queues)

    def lacks(self, launch: Launch, needs: Needs) -> str:
        """Time limits in pools that keep none, and priorities in quorum queues."""
        pool = str(launch.settings.get("-P", "prefork"))
        if needs.limits and pool not in LIMITING:
            return f"Celery's {pool} pool keeps no time limits"
        if needs.priorities and launch.settings.get("task_default_queue_type") == "quorum":
            return "RabbitMQ's quorum queues have no three priorities"
        return ""

    def redis_commands(self, launch: Launch, database: str) -> Sequence[str]:
        """The commands that it needs: fewer without results, remote control or acknowledgement."""
        return rights.commands(launch.settings, database)

    def predict(self, fault: Fault, launch: Launch) -> Prediction | None:
        """What acknowledgement and visibility timeout let one expect; None where nothing."""
        return faults.predict(fault, launch)


ADAPTER = Celery()
