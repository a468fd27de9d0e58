"""What a workload would ask of a machine: arrivals, CPU-seconds and bytes, before anything runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.model.schedule import Ints
from bench.workload.args_file import Arguments
from bench.workload.arrivals import Arrivals
from bench.workload.draws import TaskDraws
from bench.workload.task_form import TaskType
from bench.workload.workload_form import Workload


@dataclass(frozen=True)
class TypeDemand:
    """What the tasks of one type ask for, all their runs added up.

    `busy_s` is the time for which they occupy slots, `cpu_s` what of it is computing; these and
    `result_bytes` are None of a function of the user's. `sent_bytes` is payload or arguments, as
    they are in the file, `failed` how many fail in every run that they get.
    """

    name: str
    arrivals: int
    failed: int
    sent_bytes: int
    largest_bytes: int
    result_bytes: int | None
    busy_s: float | None
    cpu_s: float | None
    memory_bytes: int


@dataclass(frozen=True)
class Demand:
    """What a whole load asks for in `seconds`; `busiest` arrivals fall due in one second."""

    seconds: float
    busiest: int
    types: tuple[TypeDemand, ...]

    @property
    def arrivals(self) -> int:
        """Of all types."""
        return sum(each.arrivals for each in self.types)

    def total(self, name: str) -> float:
        """One figure of all types whose figure is known."""
        return sum(getattr(each, name) or 0 for each in self.types)


def demand(
    workload: Workload, arrivals: Arrivals, draws: TaskDraws, arguments: Mapping[str, Arguments]
) -> Demand:
    """Added up from what was drawn: it is what the cell will do, not what it would on average."""
    types = tuple(
        _of_type(task, np.flatnonzero(arrivals.kinds == kind), draws, arguments)
        for kind, task in enumerate(workload.task)
    )
    return Demand(arrivals.seconds, arrivals.busiest(), types)


def _of_type(
    task: TaskType, ours: Ints, draws: TaskDraws, arguments: Mapping[str, Arguments]
) -> TypeDemand:
    failing = draws.failing_runs[ours].astype(np.int64)
    runs = np.minimum(failing, task.retries) + 1
    sent = (
        arguments[task.name].sizes[draws.line[ours]]
        if task.name in arguments
        else draws.payload_bytes[ours]
    )
    cpu_s = float((draws.cpu_ns[ours] * runs).sum() / 1e9)
    sleep_s = float((draws.sleep_ns[ours] * runs).sum() / 1e9)
    return TypeDemand(
        name=task.name,
        arrivals=len(ours),
        failed=int((failing > task.retries).sum()),
        sent_bytes=int(sent.sum()),
        largest_bytes=int(sent.max(initial=0)),
        result_bytes=None
        if task.call
        else int(draws.result_bytes[ours][failing <= task.retries].sum()),
        busy_s=None if task.call else cpu_s + sleep_s,
        cpu_s=None if task.call else cpu_s,
        memory_bytes=int(draws.memory_bytes[ours].max(initial=0)),
    )


def sentences(told: Demand) -> Iterator[str]:
    """The demand in words, a line per type and two for all."""
    yield (
        f"{told.arrivals:,} arrivals in {told.seconds:,.0f} s, "
        f"{told.busiest:,} in the busiest second"
    )
    for each in told.types:
        yield f"{each.name}: {', '.join(_parts(each))}"
    cpu, busy = told.total("cpu_s"), told.total("busy_s")
    yield (
        f"in all {cpu:,.1f} CPU-seconds ({_per(cpu, told)} cores on average), "
        f"{_per(busy, told)} slots busy on average, {size(told.total('sent_bytes'))} sent"
        + (", and what your functions take" if any(t.cpu_s is None for t in told.types) else "")
    )


def _parts(each: TypeDemand) -> Iterator[str]:
    yield f"{each.arrivals:,} arrivals"
    if each.cpu_s is None or each.busy_s is None or each.result_bytes is None:
        yield "a function of yours, whose time is not known before it has run"
    else:
        yield f"{each.busy_s:,.1f} s busy, {each.cpu_s:,.1f} s of them computing"
        yield f"{size(each.result_bytes)} of results"
    yield f"{size(each.sent_bytes)} sent, at most {size(each.largest_bytes)} at once"
    if each.memory_bytes:
        yield f"up to {size(each.memory_bytes)} of memory a task"
    if each.failed:
        yield f"{each.failed:,} fail in every run"


def _per(seconds: float, told: Demand) -> str:
    return f"{seconds / told.seconds:.2f}" if told.seconds else "0"


def size(number: float) -> str:
    """Bytes in words: "4.0 KiB"."""
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
