"""Writes orders.jsonl, the arguments of all four tasks: `python make_args.py`.

No random numbers: the same lines every time. bench draws one of them for each task, by the seed.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from shop.tasks import CENTS

ORDERS = 24


def lines() -> Iterator[str]:
    """One to four articles an order, one to three pieces of each."""
    articles = list(CENTS)
    for number in range(ORDERS):
        bought = [
            {"sku": articles[(3 * number + at) % len(articles)], "quantity": 1 + (number + at) % 3}
            for at in range(1 + number % 4)
        ]
        customer = {"customer": f"Customer {number}", "email": f"customer{number}@example.org"}
        yield json.dumps([{**customer, "lines": bought}])


if __name__ == "__main__":
    text = "".join(f"{line}\n" for line in lines())
    Path(__file__).with_name("orders.jsonl").write_text(text, encoding="utf-8")
