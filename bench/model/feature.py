"""The features that are asked for, in the groups and the order of the report."""

from dataclasses import dataclass

SECONDS = 15.0  # a trial has so long
SLOW_SECONDS = 150.0  # one that is bound to a slower clock: Huey's minute, Celery's autoscaler


@dataclass(frozen=True)
class Feature:
    """A question that can be answered by watching.

    `alone`: it measures time, rate or cost, so nothing runs beside it.
    """

    name: str
    group: str
    asks: str
    alone: bool = False


CATALOG: tuple[Feature, ...] = (
    Feature(
        "call.sync",
        "Task types",
        "Can a task be run in the caller's own process, without a broker?",
    ),
    Feature(
        "call.background", "Task types", "Does a call return at once and the task run in a worker?"
    ),
    Feature(
        "call.async_def",
        "Task types",
        "Does an `async def` task run, and two of them at a time in one slot?",
    ),
    Feature(
        "call.batch",
        "Task types",
        "Can many tasks be enqueued by one call with fewer round trips than tasks?",
    ),
    Feature("pool.processes", "Concurrency", "Do two tasks run at the same time in two processes?"),
    Feature(
        "pool.threads",
        "Concurrency",
        "Do two tasks run at the same time in two threads of one process?",
    ),
    Feature(
        "pool.greenlets",
        "Concurrency",
        "Do two tasks run at the same time in two greenlets of one thread?",
    ),
    Feature(
        "pool.inline",
        "Concurrency",
        "Can a worker run its tasks one after the other in its main process?",
    ),
    Feature(
        "periodic.fires",
        "Periodic tasks",
        "Does a periodic task fire on its own, and how evenly?",
        alone=True,
    ),
    Feature(
        "periodic.once",
        "Periodic tasks",
        "Does it fire once where there are two workers and two schedulers?",
    ),
    Feature(
        "periodic.missed",
        "Periodic tasks",
        "Does it fire again when a scheduler that was killed has been started anew, "
        "and is made up what was missed?",
    ),
    Feature(
        "delay.eta",
        "Delays and limits",
        "Does a task with a start time begin then? 100 tasks",
        alone=True,
    ),
    Feature(
        "delay.expiry", "Delays and limits", "Is a task left out that has waited for too long?"
    ),
    Feature(
        "delay.retry",
        "Delays and limits",
        "Is a task that fails run again, each time after a longer pause?",
        alone=True,
    ),
    Feature(
        "limit.hard",
        "Delays and limits",
        "Is a task ended that runs for too long, and does the slot work on?",
    ),
    Feature(
        "limit.soft",
        "Delays and limits",
        "Can a task that runs for too long clean up after itself?",
    ),
    Feature(
        "limit.rate",
        "Delays and limits",
        "Can a kind of task be kept to so many per second?",
        alone=True,
    ),
    Feature("cancel.queued", "Cancelling, uniqueness", "Can a task that waits be taken back?"),
    Feature(
        "cancel.running",
        "Cancelling, uniqueness",
        "Can a task that runs be stopped, and does the slot work on?",
    ),
    Feature(
        "unique.queued",
        "Cancelling, uniqueness",
        "Is the same task refused or left out while one like it waits?",
    ),
    Feature(
        "unique.lock",
        "Cancelling, uniqueness",
        "Can a task be kept from running twice at the same time?",
    ),
    Feature(
        "priority.levels",
        "Priority and queues",
        "Do urgent tasks overtake? 3 × 100 tasks, the least urgent enqueued first",
    ),
    Feature(
        "queues.routing", "Priority and queues", "Do tasks go to the workers of their own queue?"
    ),
    Feature(
        "queues.starvation",
        "Priority and queues",
        "Does the second of a worker's queues get its turn while the first is kept full?",
    ),
    Feature("results.store", "Results", "Does a task's return value come back?"),
    Feature("results.large", "Results", "Does a return value of 1 MiB come back whole?"),
    Feature("results.expiry", "Results", "Is a result gone after the time that was set?"),
    Feature(
        "results.exception",
        "Results",
        "Does the caller get a task's exception, with type and text?",
    ),
    Feature(
        "flow.chain",
        "Workflows",
        "A chain of 10, each with the result of the one before",
        alone=True,
    ),
    Feature("flow.group", "Workflows", "A group of 100 and its results together", alone=True),
    Feature(
        "flow.chord",
        "Workflows",
        "100 tasks, then one with all their results, exactly once",
        alone=True,
    ),
    Feature("flow.nested", "Workflows", "A group inside of a chain"),
    Feature(
        "flow.error",
        "Workflows",
        "An error in the middle of a chain: does it stop, and is it told?",
    ),
    Feature(
        "monitor.page",
        "Monitoring",
        "Does a web page show a task that has just run, and one that has failed?",
    ),
    Feature("monitor.cli", "Monitoring", "Does a command show queue and workers?"),
    Feature(
        "monitor.cost",
        "Monitoring",
        "What does it cost in throughput to have the monitoring on?",
        alone=True,
    ),
    Feature("control.ping", "Control of the workers", "Do the workers answer when asked?"),
    Feature(
        "control.stats",
        "Control of the workers",
        "Do they tell what they have done and what they are doing?",
    ),
    Feature(
        "control.resize",
        "Control of the workers",
        "Can slots be added and taken away while they work?",
    ),
    Feature("control.shutdown", "Control of the workers", "Can a worker be ended from afar?"),
    Feature(
        "control.suspend", "Control of the workers", "Can work be stopped and resumed for all?"
    ),
    Feature(
        "control.autoscale",
        "Control of the workers",
        "Does the number of slots follow the backlog, up and down?",
    ),
    Feature("security.pickle", "Security", "Does a worker refuse to execute a crafted pickle?"),
    Feature("security.signing", "Security", "Are messages that somebody has changed refused?"),
    Feature(
        "security.credentials",
        "Security",
        "Do process list and logs keep the broker's password to themselves?",
    ),
    Feature(
        "web.fastapi",
        "Integration",
        "Enqueue from an async FastAPI endpoint: for how long does the event loop stand still?",
        alone=True,
    ),
    Feature(
        "web.django",
        "Integration",
        "Enqueue from a Django transaction: is the task seen before its row exists? 500 requests",
    ),
    Feature(
        "community.package",
        "Community",
        "What the package says of itself: release, Python versions, dependencies",
    ),
)
FEATURES = {feature.name: feature for feature in CATALOG}
GROUPS = tuple(dict.fromkeys(feature.group for feature in CATALOG))
