"""What RQ's queues are called: it knows no priorities but the order in which a worker reads them.

https://python-rq.org/docs/workers/. Measured processes import it: nothing of the instrument here.
"""

from collections.abc import Iterable

QUEUE = "default"
ORDER = ("high", "normal", "low")


def queue_name(queue: str, priority: str) -> str:
    """The queue for a name and a priority of a workload, either of them empty where it has none.

    `mail`, or `mail:high` and `mail:low` beside it: a colon stands in no name of the user's.
    """
    name = queue or QUEUE
    return f"{name}:{priority}" if priority in ("high", "low") else name


def in_order(routes: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The queues for these names and priorities, and RQ's own.

    The most urgent come first, and among their like they keep their order.
    """
    wanted = dict.fromkeys((*routes, ("", "")))
    ranked = sorted(wanted, key=lambda route: ORDER.index(route[1] or "normal"))
    return tuple(dict.fromkeys(queue_name(*route) for route in ranked))
