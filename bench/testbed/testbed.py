"""A cell being carried out: what a scenario has at hand, and what is stored when it is over."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapters.base import Command
from bench.base.environ import built
from bench.brokers.choice import Servers, make_broker
from bench.hosts.local import Host
from bench.hosts.task_code import task_code
from bench.inprocess import cell_context, event_log
from bench.model.cell import Cell
from bench.model.cell_log import CellLog, Phase
from bench.record import documents, event_files, ledger, store
from bench.testbed import ready, workload_cell
from bench.testbed.cell_notes import CellNotes
from bench.testbed.fleet import Fleet
from bench.testbed.load import Load
from bench.testbed.network import Network
from bench.testbed.pending import PendingTasks, Places, places, unfinished
from bench.testbed.sampler import Sampler
from bench.workload import cell_files

TYPED_S = 15.0
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Ending:
    """How a cell ends, as the scenario says that drove it.

    `chosen_as_it_went`: no schedule says which tasks there are, but what was sent.
    `planned_until_ns`: what was due later and never sent was not planned.
    `keep_every`: of ordinary tasks one stretch of neighbours out of so many is stored.
    `ask_what_is_held`: False where it does not matter what is left in the broker.
    `kinds`: of which type the tasks 0, 1, 2, … are, where a workload ran: indexes of its types.
    """

    chosen_as_it_went: bool = False
    planned_until_ns: int | None = None
    keep_every: int = 1
    ask_what_is_held: bool = True
    kinds: ledger.Kinds | None = None


class Testbed:
    """Broker, fleet, generators and sampler of one cell: all that a scenario drives it with."""

    def __init__(
        self, cell: Cell, folder: Path, servers: Servers, time_cap_s: float, progress: Progress
    ) -> None:
        # The processes of the cell have a folder of their own: a relative path would mean another
        # place to them.
        folder = folder.resolve()
        self.cell, self.folder, self.servers, self.progress = cell, folder, servers, progress
        self.deadline = time.monotonic() + time_cap_s
        self.work, self.logs = folder / "work", folder / "logs"
        self._seen = np.zeros(0, bool)
        self.network: Network | None = None
        self.pending = PendingTasks(self.held)

    @contextmanager
    def open(self, generators: int = 1) -> Iterator["Testbed"]:
        """Start broker, sampler and generators; at the end all of them are gone.

        What the cell left behind is stored by `finish`, inside the block.
        """
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.logs.mkdir(parents=True)
        self.work.mkdir()
        documents.write_json(self.folder / "cell.json", self.cell.spec().as_json())
        (self.work / "cell.json").symlink_to("../cell.json")
        event_log.create(str(self.work / "runs.bin"))
        try:
            with ExitStack() as stack:
                self.host = stack.enter_context(Host(self.work))
                self.work = self.host.work
                self._open(stack, generators)
                yield self
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def _open(self, stack: ExitStack, generators: int) -> None:
        self.code = task_code(self.work, self.cell.arm.adapter)
        arm = self.cell.arm
        if self.cell.workload:
            cell_files.write_types(self.work, self.cell.workload)
        self.broker = make_broker(
            arm.broker,
            self.host,
            self.work,
            self.logs / "broker.log",
            workload_cell.push_command_in(self.cell),
            workload_cell.queues_in(self.cell),
            self.servers,
        )
        stack.callback(self.broker.close)
        self.broker.start()
        self.notes = CellNotes(self.broker.describe(), generators)
        stack.callback(lambda: self.broker.clean_up(arm.adapter.key_patterns))
        # All but the instrument go through it, where the cell asks for one.
        if (rtt_ms := self.cell.params.get("rtt_ms")) is not None:
            log = self.logs / "network.log"
            self.network = Network(self.host, log, self.broker.url, rtt_ms, self.code)
            self.network.start()
            self.mark("round_trip_ms", self.network.round_trip_ms())
        python, log = arm.environment.program("python"), self.logs / "generator.log"
        self.load = Load(self.host, log, self._env(), generators, python)
        self.new_fleet()
        stack.callback(lambda: self.fleet.unsupervise())
        self.tail = event_files.Tail(self.work / "runs.bin")
        stack.callback(self.tail.close)
        self.sampler = Sampler(
            self.host.keeper, self.broker, lambda: self.fleet.roots(), lambda: self.load.processes
        )
        self.load.start()
        self.sampler.start()
        stack.callback(self.sampler.stop)

    def _env(self) -> dict[str, str]:
        return built(
            {
                "PYTHONPATH": str(self.code),
                "TMPDIR": str(self.host.temporary),
                cell_context.CELL: str(self.work / "cell.json"),
                cell_context.BROKER: self.network.url if self.network else self.broker.url,
            },
            self.cell.passed,
        )

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A named stretch of the cell's time, with a sample at both ends."""
        self.progress(name, 0, 0)
        self.sampler.edge(f"{name}:start")
        start = time.monotonic_ns()
        try:
            yield
        finally:
            self.notes.phases.append(Phase(name=name, start_ns=start, end_ns=time.monotonic_ns()))
            self.sampler.edge(f"{name}:end")

    def mark(self, name: str, value: float) -> None:
        """Store a figure that a measure will need."""
        self.notes.marks[name] = value

    def note(self, text: str) -> None:
        """Store a sentence for the report."""
        self.notes.sentences.append(text)

    def new_fleet(self) -> None:
        """Fresh main processes, not started yet."""
        arm = self.cell.arm
        commands = arm.adapter.commands(workload_cell.launch_in(self.cell))
        env = self._env() | {cell_context.EVENTS: str(self.work / "runs.bin")}
        env = workload_cell.worker_env(self.cell, env)
        self.fleet = Fleet(self.host, commands, self.logs, env, arm.environment)

    def boot(self) -> None:
        """Start the fleet and wait until every slot has run a warm-up task."""
        self.mark("boot_s", ready.boot(self.fleet, self.load, self.tail, self.cell.slots))

    def expect(self, tasks: int) -> None:
        """Count the finishes of ids 0 … tasks-1 from now on."""
        self._seen = np.zeros(tasks, bool)

    def finished(self) -> int:
        """How many of the expected tasks have finished, each counted once."""
        records = self.tail.poll()
        done = records["task"][records["kind"] == event_log.FINISHED]
        self._seen[done[(done >= 0) & (done < len(self._seen))]] = True
        return int(self._seen.sum())

    def unfinished(self) -> list[int]:
        """The expected tasks that have not finished."""
        return [int(task) for task in np.flatnonzero(~self._seen)]

    def out_of_time(self) -> bool:
        """Whether the cell's time cap is over."""
        return time.monotonic() > self.deadline

    def held(self, tasks: list[int]) -> Places | None:
        """Where the broker holds these tasks now; None if it cannot be told."""
        adapter, handles = self.cell.arm.adapter, self.load.handles(tasks)
        queues = workload_cell.queues_in(self.cell) if self.cell.workload else ()
        return places(adapter, self.broker.url, handles, tasks, self.note, queues)

    def settle_held(self, chosen: bool = False) -> Places | None:
        """Find out where each unfinished task is held, for good: it is asked once, at the end."""
        self.notes.held = self.pending.at_the_end(lambda: unfinished(self.live_ledger(chosen)))
        return self.notes.held

    def keep_backlog(self, low: int, high: int, warm_until_ns: int, until_ns: int) -> None:
        """Have the generators keep between `low` and `high` tasks waiting until a stamp.

        Tasks sent before `warm_until_ns` are warm-up.
        """
        # What has finished they see from the size of the workers' event file.
        events = str(self.work / "runs.bin")
        stamps = {"warm_until_ns": warm_until_ns, "until_ns": until_ns}
        self.load.order("backlog", events=events, low=low, high=high, **stamps)

    def type_in(self, command: Command) -> int | None:
        """Carry out a command as somebody who runs the system would.

        Its exit status, None if it does not end within 15 s.
        """
        argv = [self.cell.arm.environment.program(command.argv[0]), *command.argv[1:]]
        process = self.host.spawn(argv, self.logs / "typed.log", {**self._env(), **command.env})
        process.wait(TYPED_S)
        return process.exit_status()

    def live_ledger(self, chosen_as_it_went: bool = False) -> ledger.Ledger:
        """The ledger of all that has been written so far.

        `chosen_as_it_went`: no schedule says which tasks there are, as in Ending.
        """
        sent = [self.work / f"sent-{number}.bin" for number in range(self.load.count)]
        plan = None if chosen_as_it_went else self.load.plan()
        book, self.notes.torn_records = event_files.build(plan, sent, self.work / "runs.bin")
        return book

    def finish(self, ending: Ending) -> CellLog:
        """End load and workers, ask what the broker still holds, and store the cell.

        Nothing can be done with the cell after that.
        """
        notes, chosen = self.notes, ending.chosen_as_it_went
        if not ending.ask_what_is_held:
            notes.held = {}
        self.load.stop()
        if asked := notes.held is None:
            self.settle_held(chosen)
        self.fleet.kill()
        if asked:
            left = unfinished(self.live_ledger(chosen))
            notes.held = self.pending.without_workers(notes.held, left)
        self.sampler.edge("end")
        self.sampler.stop()
        book = self.live_ledger(chosen)
        if ending.planned_until_ns:
            # What was never sent because the cell had ended before it was due.
            planned = (book.enqueue != ledger.UNSENT) | (book.due <= ending.planned_until_ns)
            book = book.only(planned, np.ones(len(book.run_task), bool))
        book, left_out = (
            ledger.thin(book, ending.keep_every) if ending.keep_every > 1 else (book, 0)
        )
        if (file := self.cell.workload) and ending.kinds is not None:
            book = book.typed(ending.kinds, file.workload.names)
            notes.ran(file.workload, self.work)
        restarts, versions = tuple(self.fleet.restarts), self.load.versions()
        log = notes.log(restarts, versions, ending.keep_every, left_out)
        tasks_and_runs = ledger.tables(book, self.load.errors())
        store.write_cell(self.folder, log, *tasks_and_runs, self.sampler.frame())
        return log
