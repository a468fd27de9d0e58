"""Celery: what it is, and its worker commands."""

from collections.abc import Collection, Mapping, Sequence

from adapters.base import REDISES, Command, Fault, Held, Launch, Prediction, Profile, spellings
from adapters.celery import faults, library_settings, rights, traces
from adapters.celery.profiles import PROFILES


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
    queues = ("celery",)
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
        flags = launch.flags()
        base = ("celery", "-A", self.app, "worker")
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

    def redis_commands(self, launch: Launch, database: str) -> Sequence[str]:
        """The commands that it needs: fewer without results, remote control or acknowledgement."""
        return rights.commands(launch.settings, database)

    def predict(self, fault: Fault, launch: Launch) -> Prediction | None:
        """What acknowledgement and visibility timeout let one expect; None where nothing."""
        return faults.predict(fault, launch)


ADAPTER = Celery()
