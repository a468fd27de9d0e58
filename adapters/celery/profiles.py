"""Celery's profiles: each setting, the page that documents it, and why it stands there."""

from collections.abc import Mapping

from adapters.base import HIREDIS, REDISES, Profile, Setting

DOCS = "https://docs.celeryq.dev/en/stable/"
CONF = DOCS + "userguide/configuration.html#"
WORKERS = DOCS + "userguide/workers.html"
CLI = DOCS + "reference/cli.html#celery-worker"
REDIS = DOCS + "getting-started/backends-and-brokers/redis.html"
RABBITMQ = DOCS + "getting-started/backends-and-brokers/rabbitmq.html"
OPTIMIZING = DOCS + "userguide/optimizing.html"
FIRST_STEPS = DOCS + "getting-started/first-steps-with-celery.html"
KOMBU = "https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport."

SLOTS = Setting("-c", "N", WORKERS + "#concurrency", "the number of slots")
BACKEND = (
    Setting(
        "result_backend",
        "redis",
        REDIS + "#results",
        "results stored",
        brokers=REDISES,
    ),
    Setting(
        "result_backend",
        "rpc",
        FIRST_STEPS + "#keeping-results",
        "results as messages, as the first steps of the documentation do",
        brokers=("rabbitmq",),
    ),
)


def _pool(pool: str) -> Setting:
    return Setting("-P", pool, DOCS + "userguide/concurrency/index.html", f"the {pool} pool")


SHARED_BACKEND = Setting(
    "result_backend_thread_safe",
    True,
    CONF + "result-backend-thread-safe",
    "as shipped each greenlet makes a result backend and a connection of its own",
    brokers=REDISES,
)
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
        "no control queue, and so no task can be revoked",
    ),
    Setting(
        "broker_transport_options",
        {"ack_emulation": False},
        KOMBU + "redis.html",
        "one round trip a task instead of three; a popped task is gone",
        brokers=REDISES,
    ),
    # With ack_emulation off nothing is unacknowledged, and so nothing counts against a prefetch.
    Setting(
        "worker_prefetch_multiplier",
        128,
        OPTIMIZING + "#prefetch-limits",
        "many short tasks: the next ones are in the worker already",
        brokers=("rabbitmq",),
    ),
    Setting(
        "task_queues",
        {"celery": {"durable": False}},
        OPTIMIZING + "#using-transient-queues",
        "a transient queue; RabbitMQ 4.3 and newer must be told to permit one",
        brokers=("rabbitmq",),
    ),
    Setting(
        "task_default_delivery_mode",
        "transient",
        OPTIMIZING + "#using-transient-queues",
        "no message is written to disk",
        brokers=("rabbitmq",),
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
        "broker_transport_options",
        {"visibility_timeout": 30, "unacked_restore_interval": 1, "unacked_restore_throttle": 1},
        KOMBU + "redis.html",
        "redelivery after 30 s instead of 3,600, looked for every second instead of every 100 s; "
        "longer than any task here waits in a worker and runs, so that none runs twice while it is "
        "alive",
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
        KOMBU + "pyamqp.html",
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

PROFILES: Mapping[str, Profile] = {
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
        "one solo worker per slot, no results; Redis without acknowledgement; "
        "RabbitMQ with a transient queue and a large prefetch",
        "at most once",
        False,
        "process",
        TUNED,
        installs=(HIREDIS,),
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
        "one worker, greenlets that share a result backend",
        "at most once",
        True,
        "none",
        (SLOTS, *BACKEND, _pool("gevent"), SHARED_BACKEND),
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
