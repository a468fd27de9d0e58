"""The flow as a shop has it: an order is enqueued, and what follows from it once it is stored.

It runs on Huey with SQLite, which needs no server; with another queue the few lines below change
and shop/tasks.py stays. bench does not use this module: it drives the four functions itself.
"""

import os

from huey import SqliteHuey

from shop import tasks

huey = SqliteHuey("orders", filename=os.environ.get("SHOP_QUEUE", "queue.db"))
stock, mail, audit = (huey.task()(function) for function in (tasks.stock, tasks.mail, tasks.audit))


@huey.task()
def order(placed: tasks.Order) -> str:
    """Store the order, then enqueue stock, mail and audit."""
    number = tasks.order(placed)
    for following in (stock, mail, audit):
        following(placed)
    return number
