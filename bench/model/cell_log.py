"""cell.json and phases.json: what a cell was asked for, and what happened in it."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from pydantic import Field, JsonValue

from adapters.base import Held
from bench.model.fault import Fault
from bench.model.manifest import PlacedCell, ServerRecord
from bench.model.stored import Record
from bench.workload.workload_form import Workload


class CellSpec(PlacedCell):
    """cell.json: all that the processes of a cell must know. No password is in it."""

    system: str
    profile: str
    broker: str
    variant: str
    guarantee: str
    slot: str
    slots: int
    seed: int
    settings: Mapping[str, JsonValue]
    app: str
    packages: tuple[str, ...]
    params: Mapping[str, int | float | bool]


class Phase(Record):
    """A named stretch of a cell's time, on the clock of its host."""

    name: str
    start_ns: int
    end_ns: int


class Injection(Record):
    """A fault that has struck.

    `t0_ns` is the return of the first signal that can stop work; `back_ns` is when what was taken
    away was there again; `poison_task` is the task that brought the fault about, if one did;
    `load_spike_ns` is when the load spike fell due that it struck.
    """

    kind: Fault
    t0_ns: int
    victims: tuple[int, ...] = ()
    back_ns: int | None = None
    poison_task: int | None = None
    note: str = ""
    load_spike_ns: int
    end_ns: int

    def later(self, by_ns: int) -> "Injection":
        """The same by a clock that is so far before."""
        stamps = {
            name: stamp + by_ns
            for name in ("t0_ns", "back_ns", "load_spike_ns", "end_ns")
            if (stamp := getattr(self, name)) is not None
        }
        return self.model_copy(update=stamps)


def poison_tasks(injections: Iterable[Injection]) -> frozenset[int]:
    """The tasks that brought a fault about."""
    return frozenset(each.poison_task for each in injections if each.poison_task is not None)


class HeldRange(Record):
    """Tasks that the broker held at one place: ranges of ids, first and last."""

    place: str
    failed: bool
    tasks: tuple[tuple[int, int], ...]


def held_ranges(places: Mapping[int, Held] | None) -> tuple[HeldRange, ...] | None:
    """Group task id → place into places, each with its ranges of ids; None stays None.

    20,000 queued tasks are one line, not 20,000.
    """
    if places is None:
        return None
    ranges: dict[Held, list[tuple[int, int]]] = {}
    for task in sorted(places):
        mine = ranges.setdefault(places[task], [])
        begins = mine.pop()[0] if mine and mine[-1][1] == task - 1 else task
        mine.append((begins, task))
    return tuple(
        HeldRange(place=held.place, failed=held.failed, tasks=tuple(mine))
        for held, mine in ranges.items()
    )


def held_places(stored: Iterable[HeldRange] | None) -> dict[int, Held] | None:
    """Task id → place: what `held_ranges` was given."""
    if stored is None:
        return None
    return {
        task: Held(each.place, each.failed)
        for each in stored
        for first, last in each.tasks
        for task in range(first, last + 1)
    }


class Restart(Record):
    """A main process that the supervisor started again."""

    old: int
    ns: int


class ManualRecovery(Record):
    """What was typed to free the stuck and the failed, and what came of it."""

    commands: tuple[str, ...]
    statuses: tuple[int | None, ...]
    tasks: tuple[int, ...]
    finished: int


class FirstError(Record):
    """The first exception of one type of task: which task raised it, and what it said."""

    task: int
    error: str


class HostClock(Record):
    """The clock of one host of a cell: its name, and how far it was before that of the first host,
    roughly: what the pings say of that lies in a file of its own."""

    clock: str
    offset_ns: int

    @property
    def boot(self) -> str:
        """The boot of the machine, which several of its clocks may share."""
        return self.clock[:32]


class CellLog(Record):
    """phases.json. `held` is None where it cannot be told what the broker held.

    Of a long cell one stretch of ordinary tasks out of `kept_every` is stored; `left_out` tasks
    are not. `workload` and the first errors by type of task are those of a cell that ran one: here
    and not in cell.json, which measured processes read, some of them once per task.

    Of a cell on several hosts `hosts` has the clock of each by its label. All stamps here and in
    samples.parquet are by the clock of the first, tasks and runs have those of their own hosts.
    """

    phases: tuple[Phase, ...]
    marks: Mapping[str, int | float]
    injections: tuple[Injection, ...] = ()
    held: tuple[HeldRange, ...] | None
    generators: int
    kept_every: int = 1
    left_out: int = 0
    notes: tuple[str, ...] = ()
    torn_records: int = 0
    server: ServerRecord
    restarts: tuple[Restart, ...] = ()
    versions: Mapping[str, str] = Field(default_factory=dict)
    manual_recovery: ManualRecovery | None = None
    workload: Workload | None = None
    first_errors: Mapping[str, FirstError] = Field(default_factory=dict)
    hosts: Mapping[str, HostClock] = Field(default_factory=dict)

    @cached_property
    def poison_tasks(self) -> frozenset[int]:
        """The tasks that brought a fault about."""
        return poison_tasks(self.injections)

    def phase(self, name: str) -> Phase:
        """That phase; KeyError if the cell never came to it."""
        # Backwards: of several of one name the first counts.
        return {phase.name: phase for phase in reversed(self.phases)}[name]
