"""A workload as run.json keeps it: all that decides what arrives, what it does, what is enough."""

from collections.abc import Iterator, Mapping
from typing import Literal

from bench.model.stored import Record
from bench.workload.workload_form import Workload


class SearchRecord(Record):
    """What a run looks for: the largest multiple of the arrivals, or the fewest workers, that hold
    the objective; within so many minutes."""

    kind: Literal["rate", "workers"]
    minutes: float | None = None


class WorkloadRecord(Record):
    """A workload in run.json: its file's name, the validated document, and digests (SHA-256).

    `arguments` has that of each file of arguments by task name, `trace` that of the trace, empty
    where there is none. Variables that are passed on stand in it by name, never by value.
    """

    file: str
    digest: str
    workload: Workload
    arguments: Mapping[str, str] = {}
    trace: str = ""
    search: SearchRecord | None = None

    def unlike(self, other: "WorkloadRecord") -> list[str]:
        """What of the load is not the same, in words; another name of the file is no difference."""
        return list(self._unlike(other))

    def _unlike(self, other: "WorkloadRecord") -> Iterator[str]:
        if self.digest != other.digest:
            yield "the workload file"
        for name in sorted({*self.arguments} | {*other.arguments}):
            if self.arguments.get(name) != other.arguments.get(name):
                yield f"the arguments of {name}"
        if self.trace != other.trace:
            yield "the trace"
