"""What a cell of a workload starts its workers with, beside what every cell does."""

import os
from collections.abc import Mapping, Sequence

from adapters.base import Launch, NamesQueues, PushesOtherwise
from bench.brokers.choice import queues_of
from bench.model.cell import Cell
from bench.workload.cell_files import code_path
from bench.workload.needs import launch_of

OURS = "QUEUE_BENCH_"


def launch_in(cell: Cell, slots: int | None = None) -> Launch:
    """What the worker commands of a cell are made from; of a workload with its tasks and queues.

    With so many slots, where a host has not all of the cell's.
    """
    slots = cell.slots if slots is None else slots
    if cell.workload is None:
        return cell.arm.launch(slots)
    return launch_of(cell.arm, slots, cell.workload.workload)


def queues_in(cell: Cell) -> Sequence[str]:
    """The queues of a cell, as the broker knows them."""
    adapter = cell.arm.adapter
    if cell.workload and isinstance(adapter, NamesQueues):
        return adapter.queue_names(launch_in(cell))
    return queues_of(cell.arm)


def push_command_in(cell: Cell) -> str:
    """The Redis command that each enqueue call of a cell issues once."""
    adapter = cell.arm.adapter
    if cell.workload and isinstance(adapter, PushesOtherwise):
        return adapter.push_command_of(launch_in(cell))
    return adapter.push_command


def worker_env(cell: Cell, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of its workers: `env`, and of a workload the user's code and its variables.

    The values are in no file. What the cell itself needs is not theirs to change; their folder
    comes last, so that no module of theirs stands in the place of one of ours.
    """
    if cell.workload is None:
        return dict(env)
    code = cell.workload.workload.code
    handed = {name: os.environ[name] for name in code.passed if name in os.environ}
    needed = {name: env[name] for name in env if name.startswith(OURS) or name == "TMPDIR"}
    paths = filter(None, (env.get("PYTHONPATH"), code_path(cell.workload)))
    return {**env, **code.env, **handed, **needed, "PYTHONPATH": os.pathsep.join(paths)}
