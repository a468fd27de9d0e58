"""What a measured process knows: the cell it belongs to, and the broker's address."""

import json
import os
from typing import Any

CELL = "QUEUE_BENCH_CELL"  # path of cell.json
# The broker's URL with its password: the only way a credential travels
BROKER = "QUEUE_BENCH_BROKER"
EVENTS = "QUEUE_BENCH_EVENTS"  # the event file of the runs; without it the body records nothing


# As JSON gives it: settings and parameters are whatever adapters and scenarios put there.
def load() -> dict[str, Any]:
    """The content of cell.json; KeyError outside of a measured process."""
    with open(os.environ[CELL], encoding="utf-8") as file:
        return dict(json.load(file))


def broker() -> str:
    """The broker's URL with its password; KeyError outside of a measured process."""
    return os.environ[BROKER]
