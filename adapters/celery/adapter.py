"""Celery: its profiles and its worker commands."""

from collections.abc import Collection, Mapping, Sequence

from adapters.base import REDISES, Command, Fault, Held, Launch, Prediction, Profile, Setting
from adapters.celery import faults, rights, traces

DOCS = "https://docs.celeryq.dev/en/stable/"
CONF = DOCS + "userguide/configuration.html#"
WORKERS = DOCS + "userguide/workers.html"
CLI = DOCS + "reference/cli.html#celery-worker"
REDIS = DOCS + "getting-started/backends-and-brokers/redis.html"
RABBITMQ = DOCS + "getting-started/backends-and-brokers/rabbitmq.html"

SLOTS = Setting("-c", "N", WORKERS + "#concurrency", "the number of slots")
BACKEND = (
    Setting(
        "result_backend",
        "redis",
        REDIS + "#results",
        "results stored, as the first steps of the documentation do",
        brokers=REDISES,
    ),
    Setting(
        "result_backend",
        "rpc",
        RABBITMQ + "#using-rabbitmq",
        "results as messages, as the first steps of the documentation do",
        brokers=("rabbitmq",),
    ),
)


def _pool(pool: str) -> Setting:
    return Setting("-P", pool, DOCS + "userguide/concurrency/index.html", f"the {pool} pool")


TUNED = (
    _pool("solo"),
    Setting("--without-gossip", True, CLI, "no events from other workers"),
    Setting("--without-mingle", True, CLI, "no waiting for neighbours at start"),
    Setting("--without-heartbeat", True, CLI, "no event every two seconds"),
    Setting("task_ignore_result", True, CONF + "task-ignore-result", "results off"),
    Setting(
        "worker_disable_rate_limits",
        True,
        CONF + "worker-disable-rate-limits",
        "no token buckets to look at",
    ),
    Setting(
        "worker_enable_remote_control",
        False,
        CONF + "worker-enable-remote-control",
        "no control queue",
    ),
    Setting(
        "broker_transport_options",
        {"ack_emulation": False},
        "https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html",
        "one round trip a task instead of three; a popped task is gone",
        brokers=REDISES,
    ),
)
DURABLE = (
    SLOTS,
    *BACKEND,
    Setting(
        "task_acks_late",
        True,
        CONF + "task-acks-late",
        "a task leaves the broker only after it has run",
    ),
    Setting(
        "task_reject_on_worker_lost",
        True,
        CONF + "task-reject-on-worker-lost",
        "a task whose pool child dies goes back to the queue",
    ),
    Setting(
        "worker_prefetch_multiplier",
        1,
        CONF + "worker-prefetch-multiplier",
        "hoard as little as possible",
    ),
    Setting(
        "broker_transport_options",
        {"visibility_timeout": 30, "unacked_restore_interval": 1, "unacked_restore_throttle": 1},
        REDIS + "#visibility-timeout",
        "redelivery after 30 s instead of 3,600; longer than any task here, "
        "so that none runs twice while it is alive",
        brokers=REDISES,
    ),
    Setting(
        "task_default_queue_type",
        "quorum",
        RABBITMQ + "#using-quorum-queues",
        "a queue that is written to disk before it confirms",
        brokers=("rabbitmq",),
    ),
    Setting(
        "broker_transport_options",
        {"confirm_publish": True},
        RABBITMQ + "#using-quorum-queues",
        "the enqueue call returns when the broker has the task, not when it has been sent",
        brokers=("rabbitmq",),
    ),
    Setting(
        "result_backend_always_retry",
        True,
        CONF + "result-backend-always-retry",
        "results survive a restart of the backend",
        brokers=REDISES,
    ),
)


class Celery:
    """Celery as its users start it: `celery worker`."""

    name = "celery"
    title = "Celery"
    order = 1
    version = 1
    # The extra of an older Celery does not say which redis-py a newer Kombu gets along with; Kombu
    # has an extra of its own that does.
    packages = ("celery[redis]", "kombu[redis]", "redis")
    app = "adapters.celery.app"
    brokers = (*REDISES, "rabbitmq")
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
    profiles: Mapping[str, Profile] = {
        "default": Profile(
            "default",
            "one worker, prefork pool, results stored, all else as shipped",
            "at most once",
            True,
            "thread",
            (SLOTS, *BACKEND),
        ),
        "tuned": Profile(
            "tuned",
            "one solo worker per slot, no results, no acknowledgement",
            "at most once",
            False,
            "process",
            TUNED,
        ),
        "durable": Profile(
            "durable",
            "late acknowledgement; Redis synced at every write, redelivery after 30 s; "
            "RabbitMQ with a quorum queue and confirms",
            "at least once",
            True,
            "thread",
            DURABLE,
            redis="redis-always",
        ),
        # The pool starts a thread only when none is idle: with short tasks most of a hundred never
        # begin.
        "threads": Profile(
            "threads",
            "one worker, thread pool",
            "at most once",
            True,
            "none",
            (SLOTS, *BACKEND, _pool("threads")),
            light=True,
        ),
        "gevent": Profile(
            "gevent",
            "one worker, greenlets",
            "at most once",
            True,
            "none",
            (SLOTS, *BACKEND, _pool("gevent")),
            requires=("gevent",),
            light=True,
        ),
        "solo": Profile(
            "solo",
            "one solo worker per slot, results stored",
            "at most once",
            True,
            "process",
            (*BACKEND, _pool("solo")),
        ),
    }

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
        """Every lower-case name of Celery's configuration."""
        from celery.app.defaults import SETTING_KEYS

        return frozenset(SETTING_KEYS)

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
