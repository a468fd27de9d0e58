"""Huey: its profiles and its worker command."""

from collections.abc import Collection, Mapping, Sequence

from adapters.base import (
    HIREDIS,
    REDISES,
    Command,
    Fault,
    Held,
    Launch,
    Needs,
    Prediction,
    Profile,
    Setting,
    spellings,
)
from adapters.huey import faults, library_settings, rights, traces

DOCS = "https://huey.readthedocs.io/en/latest/"
CONSUMER = DOCS + "consumer.html"

SLOTS = Setting("-w", "N", CONSUMER + "#options-for-worker", "the number of slots")


def _kind(kind: str) -> Setting:
    return Setting("-k", kind, CONSUMER + "#worker-types", f"{kind} workers")


TUNED = (
    SLOTS,
    _kind("process"),
    Setting("-q", True, CONSUMER + "#options-for-the-consumer", "two log lines a task less"),
    Setting("-n", True, CONSUMER + "#options-for-the-consumer", "no periodic tasks"),
    Setting("results", False, DOCS + "api.html#Huey", "results off"),
)
DURABLE = (
    SLOTS,
    Setting(
        "-g",
        "TERM",
        CONSUMER + "#consumer-shutdown",
        "SIGTERM lets running tasks finish; as shipped it interrupts them",
    ),
    Setting(
        "-c",
        1,
        CONSUMER + "#options-for-worker",
        "a dead worker is replaced after 1 s instead of 10",
    ),
    Setting(
        "requeue_interrupted",
        True,
        DOCS + "signals.html",
        "a task interrupted by a shutdown goes back to the queue",
    ),
    Setting(
        "fsync",
        True,
        DOCS + "api.html#SqliteHuey",
        "every write is on the disk before it is answered",
        brokers=("sqlite",),
    ),
)


class Huey:
    """Huey as its users start it: `huey_consumer`."""

    name = "huey"
    title = "Huey"
    order = 3
    version = 2
    packages = ("huey", "redis")
    app = "adapters.huey.app"
    workload_app = "adapters.huey.workload"
    brokers = (*REDISES, "sqlite", "postgres")
    first_broker = "sqlite"
    variables = ("HUEY*",)
    reach = "adapters.huey.reach"
    push_command = "lpush"
    key_patterns = ("huey.*", "huey_*")
    broker_packages: Mapping[str, tuple[str, ...]] = {"postgres": ("psycopg[binary]",)}
    answer_call = "Result.get(blocking=True)"
    answer_how = (
        "it asks again and again, first after 50 ms, then after ever longer pauses; "
        "with the setting notify_result Redis wakes it"
    )
    profiles: Mapping[str, Profile] = {
        "default": Profile(
            "default",
            "one consumer, N threads, results stored, all else as shipped",
            "at most once",
            True,
            "thread",
            (SLOTS,),
            light=True,
        ),
        "tuned": Profile(
            "tuned",
            "one consumer, N processes, no results, quiet",
            "at most once",
            False,
            "process",
            TUNED,
            installs=(HIREDIS,),
        ),
        "durable": Profile(
            "durable",
            "graceful SIGTERM, quick health check, Redis synced at every write; "
            "Huey has no acknowledgement",
            "at most once",
            True,
            "thread",
            DURABLE,
            redis="redis-always",
            light=True,
        ),
        "thread": Profile(
            "thread",
            "one consumer, N threads (what the default is)",
            "at most once",
            True,
            "thread",
            (SLOTS, _kind("thread")),
            light=True,
        ),
        "process": Profile(
            "process",
            "one consumer, N processes",
            "at most once",
            True,
            "process",
            (SLOTS, _kind("process")),
        ),
        "greenlet": Profile(
            "greenlet",
            "one consumer, N greenlets",
            "at most once",
            True,
            "thread",
            (SLOTS, _kind("greenlet")),
            requires=("gevent",),
            light=True,
        ),
    }

    def commands(self, launch: Launch) -> list[Command]:
        """One `huey_consumer` with N workers, threads or processes."""
        app = launch.app or self.app
        return [Command(("huey_consumer", f"{app}.huey", *launch.flags()))]

    def tries(self, launch: Launch) -> list[Command]:
        """Its flags are read before the help is given."""
        return [Command((*self.commands(launch)[0].argv, "--help"))]

    def known_settings(self) -> Collection[str]:
        """What the classes of Huey take, and the options of the consumer."""
        options = {name: name for name in library_settings.class_options()}
        profiles = self.profiles.values()
        return options | spellings(library_settings.consumer_options(), profiles)

    def graceful_signal(self, launch: Launch) -> str:
        """As "Consumer Shutdown" has it: SIGINT, unless `-g` makes it the other one."""
        return f"SIG{launch.settings.get('-g', 'INT')}"

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
        """On the queue or in the schedule."""
        return traces.held(broker, handles)

    def lacks(self, launch: Launch, needs: Needs) -> str:
        """Queues beside its one, and time limits where a worker is a thread."""
        if needs.queues:
            return "Huey has one queue: another is another instance with a consumer of its own"
        if needs.limits and launch.settings.get("-k", "thread") == "thread":
            return "Huey's thread workers keep a time limit only where the task itself looks for it"
        return ""

    def push_command_of(self, launch: Launch) -> str:
        """Where tasks have priorities, the queue is a sorted set."""
        return "zadd" if any(route.priority for route in launch.routes) else self.push_command

    def redis_commands(self, launch: Launch, database: str) -> Sequence[str]:
        """A list, a sorted set with a script, and a hash, of results too where they are kept."""
        kept = launch.settings.get("results", True)
        ranked = self.push_command_of(launch) != self.push_command
        return (
            rights.COMMANDS
            + (rights.RESULTS if kept else ())
            + (rights.PRIORITIES if ranked else ())
        )

    def predict(self, fault: Fault, launch: Launch) -> Prediction | None:
        """From the missing acknowledgement and the health check."""
        return faults.predict(fault, launch)


ADAPTER = Huey()
