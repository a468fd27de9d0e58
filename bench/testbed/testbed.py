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
from bench.hosts.cell_host import CellHost
from bench.inprocess import cell_context, event_log
from bench.model.cell import Cell
from bench.model.cell_log import CellLog, Phase
from bench.record import documents, ledger, store
from bench.record.stored_counts import write_counts
from bench.testbed import ready, workload_cell
from bench.testbed.cell_notes import CellNotes
from bench.testbed.fleet import Fleet, Post
from bench.testbed.large_cell import gathered, is_large
from bench.testbed.load import Load
from bench.testbed.network import Network
from bench.testbed.pending import PendingTasks, Places, places, unfinished
from bench.testbed.stage import RUNS, Placing, here
from bench.testbed.tails import tail_of_all

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
        self,
        cell: Cell,
        folder: Path,
        servers: Servers,
        time_cap_s: float,
        progress: Progress,
        place: Placing = here,
    ) -> None:
        # The processes of the cell have a folder of their own: a relative path would mean another
        # place to them.
        folder = folder.resolve()
        self.cell, self.folder, self.servers, self.progress = cell, folder, servers, progress
        self.place = place
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
        try:
            with ExitStack() as stack:
                self.stage = stack.enter_context(self.place(self.cell, self.folder))
                self.work = self.stage.work
                self._open(stack, generators)
                yield self
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def _open(self, stack: ExitStack, generators: int) -> None:
        arm, stage = self.cell.arm, self.stage
        self.broker = make_broker(
            arm.broker,
            stage.broker,
            stage.broker.work,
            stage.broker.logs / "broker.log",
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
            self.network = stage.network(self.broker.url, rtt_ms)
            self.network.start()
            self.mark("round_trip_ms", self.network.round_trip_ms())
        python = arm.environment.program("python")
        self.load = Load(stage.senders, self._env, generators, python)
        self.new_fleet()
        stack.callback(lambda: self.fleet.unsupervise())
        self.tail = tail_of_all(stage.workers, RUNS)
        stack.callback(self.tail.close)
        self.sampler = stage.sampler(
            self.broker, lambda: self.fleet.roots(), lambda: self.load.processes
        )
        self.load.start()
        self.sampler.start()
        stack.callback(self.sampler.stop)

    def _env(self, host: CellHost) -> dict[str, str]:
        return built(
            {
                "PYTHONPATH": str(self.stage.code(host)),
                "TMPDIR": str(host.temporary),
                cell_context.CELL: str(host.work / "cell.json"),
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
        arm, posts = self.cell.arm, list[Post]()
        for host, slots in zip(self.stage.workers, self.stage.slots, strict=True):
            env = self._env(host) | {cell_context.EVENTS: str(host.work / RUNS)}
            env = workload_cell.worker_env(self.cell, env)
            launch = workload_cell.launch_in(self.cell, slots)
            posts += [Post(host, command, env) for command in arm.adapter.commands(launch)]
        self.fleet = Fleet(posts, arm.environment)

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
        events = str(self.stage.counted(self.tail, until_ns))
        stamps = {"warm_until_ns": warm_until_ns, "until_ns": until_ns}
        self.load.order("backlog", events=events, low=low, high=high, **stamps)

    def type_in(self, command: Command) -> int | None:
        """Carry out a command as somebody who runs the system would.

        Its exit status, None if it does not end within 15 s.
        """
        argv = [self.cell.arm.environment.program(command.argv[0]), *command.argv[1:]]
        host = self.stage.senders[0]
        process = host.spawn(argv, host.logs / "typed.log", {**self._env(host), **command.env})
        process.wait(TYPED_S)
        return process.exit_status()

    def live_ledger(self, chosen_as_it_went: bool = False) -> ledger.Ledger:
        """The ledger of all that has been written so far.

        `chosen_as_it_went`: no schedule says which tasks there are, as in Ending.
        """
        plan = None if chosen_as_it_went else self.load.plan()
        if is_large(plan):
            return gathered(self.stage, plan, self.load, every=1).sample
        book, self.notes.torn_records = self.stage.ledger(plan, self.load, raw=False)
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
        book, left_out, every = self._to_be_stored(ending)
        if (file := self.cell.workload) and ending.kinds is not None:
            book = book.typed(ending.kinds, file.workload.names)
            notes.ran(file.workload, self.work)
        restarts = tuple(self.fleet.restarts)
        versions = self.load.versions(self.stage.workers)
        log = notes.log(restarts, versions, every, left_out)
        log = self.stage.on_its_clock(log)
        tasks_and_runs = ledger.tables(book, self.load.errors())
        samples = self.sampler.frame(self.stage.later_ns)
        self.stage.store(self.folder)
        store.write_cell(self.folder, log, *tasks_and_runs, samples)
        return log

    def _to_be_stored(self, ending: Ending) -> tuple[ledger.Ledger, int, int]:
        """(the ledger, how many tasks it leaves out, one stretch of how many it keeps)."""
        plan = None if ending.chosen_as_it_went else self.load.plan()
        every, left_out = ending.keep_every, 0
        if large := is_large(plan):
            found = gathered(self.stage, plan, self.load, every)
            write_counts(self.folder, found.counts)
            book, left_out, every = found.sample, found.left_out, found.every
        else:
            book, self.notes.torn_records = self.stage.ledger(plan, self.load, raw=True)
        if ending.planned_until_ns:
            # What was never sent because the cell had ended before it was due.
            until_ns = ending.planned_until_ns + self.stage.later_ns
            planned = (book.enqueue != ledger.UNSENT) | (book.due <= until_ns)
            book = book.only(planned, np.ones(len(book.run_task), bool))
        if every > 1 and not large:
            book, left_out = ledger.thin(book, every)
        return book, left_out, every
