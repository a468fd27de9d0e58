"""The faults of a live cell: a file for each, whose `strike` does it."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from bench.model.fault import Fault
from bench.testbed.faults.struck import Struck

if TYPE_CHECKING:
    from bench.testbed.testbed import Testbed


def strike_of(fault: Fault) -> "Callable[[Testbed, list[int]], Struck]":
    """The function that carries the fault out: (testbed, pids that run a task) → what it hit.

    It returns when the fault has struck, and raises NotOffered or Unavailable where this cell has
    nothing to strike.
    """
    module = import_module(f"bench.testbed.faults.{fault.name.lower()}")
    return cast("Callable[[Testbed, list[int]], Struck]", module.strike)
