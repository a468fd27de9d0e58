"""What is sent with each task of a workload: the generator looks it up where it was written.

Standard library only, as all that runs inside a cell.
"""

import json
from array import array
from mmap import ACCESS_READ, mmap
from struct import Struct
from typing import Any

from bench.inprocess.workload_tasks import beside, description, text, types

FIRST_WARM_TASK = -1_000_000  # as in bench/model/schedule.py, which needs numpy
# sleep_ns, cpu_ns, memory_bytes, payload_bytes, result_bytes, failing_runs, line, kind
ROW = Struct("<8q")


class Draws:
    """What was drawn for each task, read where it lies: it may be a million rows."""

    def __init__(self) -> None:
        with open(beside("draws.bin"), "rb") as file:
            self.rows = mmap(file.fileno(), 0, access=ACCESS_READ)
        self.tasks = int(description()["tasks"])
        self.lines: dict[int, Lines] = {}

    def row(self, task: int) -> tuple[int, ...]:
        """The figures of ROW; behind the tasks stand those that warm up."""
        at = task if task >= 0 else self.tasks + task - FIRST_WARM_TASK
        return ROW.unpack_from(self.rows, at * ROW.size)

    def arguments(self, kind: int, line: int) -> Any:
        """A list or an object of the user's."""
        if kind not in self.lines:
            self.lines[kind] = Lines(beside(str(types()[kind].args)))
        return json.loads(self.lines[kind].line(line))


class Lines:
    """The lines of a file, each found by its number."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "rb")
        self.begins, at = array("q"), 0
        for line in self.file:
            self.begins.append(at)
            at += len(line)

    def line(self, number: int) -> bytes:
        """One line, counted from 0."""
        self.file.seek(self.begins[number])
        return self.file.readline()


_draws: Draws | None = None


def message(task: int, kind: int) -> tuple[Any, ...]:
    """What the enqueue call sends after the task's id.

    Of a synthetic task (sleep_ns, cpu_ns, memory_bytes, result_bytes, failing_runs, payload), of a
    user's function (arguments, named arguments).
    """
    global _draws
    if _draws is None:
        _draws = Draws()
    sleep_ns, cpu_ns, memory, payload, result, failing, line, _ = _draws.row(task)
    the_type = types()[kind]
    if the_type.call is None:
        return sleep_ns, cpu_ns, memory, result, failing, text(payload)
    given = _draws.arguments(kind, line) if the_type.args else []
    return ([], given) if isinstance(given, dict) else (given, {})
