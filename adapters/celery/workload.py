"""A workload's tasks in Celery: a task for each type, as a user would declare it."""

from collections.abc import Callable, Mapping
from typing import Any

from celery import signals
from celery.exceptions import TimeLimitExceeded
from kombu.serialization import dumps

from adapters.celery import app as plain
from adapters.celery.queue_names import QUEUE, queue_name
from bench.inprocess import cell_context, workload_tasks
from bench.inprocess.workload_errors import tell_killed
from bench.inprocess.workload_messages import message
from bench.inprocess.workload_tasks import Type

app = plain.app
# https://docs.celeryq.dev/en/stable/userguide/routing.html#redis-message-priorities: four lists a
# queue, the lowest number first. RabbitMQ has it the other way round.
ON_REDIS = {"high": 0, "normal": 3, "low": 6}
ON_RABBITMQ = {"high": 9, "normal": 5, "low": 1}
MOST_PRIORITY = 10

_types = workload_tasks.types()
_rabbitmq = cell_context.broker().startswith(("amqp", "pyamqp"))


def _set_priorities() -> None:
    """What Celery's page on routing asks for beside the priority itself."""
    if _rabbitmq:
        app.conf.task_queue_max_priority = MOST_PRIORITY
    else:
        order = {"queue_order_strategy": "priority"}
        app.conf.broker_transport_options = {**order, **app.conf.broker_transport_options}


def _set_queues() -> None:
    """Queues of other names are made like Celery's own: quorum queues, or transient ones."""
    if app.conf.get("task_default_queue_type") == "quorum":
        app.conf.task_create_missing_queue_type = "quorum"
    queues = app.conf.task_queues
    if isinstance(queues, Mapping) and QUEUE in queues:
        names = [queue_name(each.queue or "") for each in _types]
        app.conf.task_queues = {**queues, **{name: dict(queues[QUEUE]) for name in names}}


def _options(each: Type) -> dict[str, Any]:
    """What the decorator is given: only what the file says of the type."""
    options: dict[str, Any] = {}
    if each.queue:
        options["queue"] = queue_name(each.queue)
    if each.priority:
        options["priority"] = (ON_RABBITMQ if _rabbitmq else ON_REDIS)[each.priority]
    if each.retries:
        options["autoretry_for"] = (Exception,)
        options["max_retries"], options["default_retry_delay"] = each.retries, 0
    if each.limit_s:
        options["time_limit"] = each.limit_s
    return options


def _task(kind: int, each: Type) -> Any:
    def perform(self: Any, task: int, *what: Any) -> Any:
        return workload_tasks.run(task, kind, self.request.retries, *what)

    return app.task(name=f"workload.{each.name}", bind=True, **_options(each))(perform)


def _dumps(result: Any) -> object:
    serializer = app.conf.result_serializer
    return dumps(result, serializer=serializer)  # type: ignore[no-untyped-call]


if any(each.priority for each in _types):
    _set_priorities()
_set_queues()
TASKS = [_task(kind, each) for kind, each in enumerate(_types)]

_settings = cell_context.load()["settings"]
if _settings.get("result_backend") and not _settings.get("task_ignore_result"):
    workload_tasks.results_by(_dumps)


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def import_functions(**_: Any) -> None:
    """Before the pool is there: its children are forked from what has been imported."""
    workload_tasks.preload()


@signals.task_failure.connect  # type: ignore[untyped-decorator]
def tell_limit(sender: Any, args: Any, exception: BaseException, **_: Any) -> None:
    """A child at its hard limit is killed: it cannot tell of the error itself.

    Celery sends this signal in the parent.
    """
    if isinstance(exception, TimeLimitExceeded):
        names = [each.name for each in TASKS]
        if sender.name in names:
            tell_killed(int(args[0]), names.index(sender.name), exception)


def connect() -> Callable[[int, str], str]:
    """The enqueue call, Celery's plain one: `delay`."""
    no_op = plain.connect()

    def enqueue(task: int, work: str) -> str:
        if not work.isdigit():
            return no_op(task, work)
        kind = int(work)
        return str(TASKS[kind].delay(task, *message(task, kind)).id)

    return enqueue
