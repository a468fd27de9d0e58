"""A cell being carried out: what a scenario has at hand, and what is stored when it is over."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from adapters.base import Command
from bench.base.environ import built
from bench.brokers.choice import Servers, make_broker, queues_of
from bench.brokers.contract import Broker
from bench.hosts.local import Host
from bench.hosts.task_code import task_code
from bench.inprocess import cell_context, event_log
from bench.model.cell import Cell
from bench.record import documents, event_files, ledger, store
from bench.record.downsample import thin
from bench.testbed.fleet import Fleet
from bench.testbed.load import Load
from bench.testbed.network import Network
from bench.testbed.pending import PendingTasks, places
from bench.testbed.ready import Ready
from bench.testbed.sampler import Sampler

TYPED_S = 15.0
Progress = Callable[[str, int, int], None]


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
        self.work = folder / "work"
        self.logs = folder / "logs"
        self.journal: dict[str, Any] = {
            "phases": [],
            "marks": {},
            "faults": [],
            "held": None,
            "generators": 0,
            "notes": [],
            "events": {},
        }
        self._ready = Ready()
        self._seen = np.zeros(0, bool)
        self.pending = PendingTasks(self.held)

    @contextmanager
    def open(self, generators: int = 1) -> Iterator["Testbed"]:
        """Start broker, sampler and generators; at the end all is gone and the cell is stored.

        Where the block raises, the cell's events and samples are not stored.
        """
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.logs.mkdir(parents=True)
        self.work.mkdir()
        documents.write_json(self.folder / "cell.json", self.cell.spec())
        (self.work / "cell.json").symlink_to("../cell.json")
        event_log.create(str(self.work / "runs.bin"))
        try:
            with ExitStack() as stack:
                self.host = stack.enter_context(Host(self.work))
                self.work = self.host.work
                self._open(stack, generators)
                yield self
                self._close()
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def _open(self, stack: ExitStack, generators: int) -> None:
        self.code = task_code(self.work, self.cell.arm.adapter)
        self.broker = self._broker()
        stack.callback(self.broker.close)
        self.broker.start()
        self.journal["server"] = dict(self.broker.describe())
        adapter = self.cell.arm.adapter
        stack.callback(lambda: self.broker.clean_up(adapter.key_patterns))
        self.network = self._network(self.cell.params.get("rtt_ms"))
        env = self._env()
        self.load = Load(
            self.host,
            self.work,
            self.logs / "generator.log",
            env,
            generators,
            self.cell.arm.environment.program("python"),
        )
        self.journal["generators"] = generators
        self.fleet = self._fleet(env)
        stack.callback(lambda: self.fleet.unsupervise())
        self.tail = event_files.Tail(self.work / "runs.bin")
        stack.callback(self.tail.close)
        self.sampler = Sampler(
            self.host.keeper, self.broker, lambda: self.fleet.roots(), lambda: self.load.pids
        )
        self.load.start()
        self.sampler.start()
        stack.callback(self.sampler.stop)

    def _broker(self) -> Broker:
        arm = self.cell.arm
        return make_broker(
            arm.broker,
            self.host,
            self.work,
            self.logs / "broker.log",
            arm.adapter.push_command,
            queues_of(arm),
            self.servers,
        )

    def _network(self, rtt_ms: float | None) -> Network | None:
        """A proxy before the broker, where the cell asks for one: all but the instrument use it."""
        if rtt_ms is None:
            return None
        network = Network(
            self.host, self.work, self.logs / "network.log", self.broker.url, rtt_ms, self.code
        )
        network.start()
        self.mark("round_trip_ms", network.round_trip_ms())
        return network

    def _fleet(self, env: dict[str, str]) -> Fleet:
        commands = self.cell.arm.adapter.commands(self.cell.arm.launch(self.cell.slots))
        return Fleet(
            self.host,
            commands,
            self.logs,
            env | {cell_context.EVENTS: str(self.work / "runs.bin")},
            self.cell.arm.environment,
        )

    def _env(self) -> dict[str, str]:
        ours = {
            "PYTHONPATH": str(self.code),
            "TMPDIR": str(self.host.temporary),
            cell_context.CELL: str(self.work / "cell.json"),
            cell_context.BROKER: self.network.url if self.network else self.broker.url,
        }
        return built(ours, self.cell.passed)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A named stretch of the cell's time, with a sample at both ends."""
        self.progress(name, 0, 0)
        self.sampler.edge(f"{name}:start")
        start = time.monotonic_ns()
        try:
            yield
        finally:
            self.journal["phases"].append(
                {"name": name, "start_ns": start, "end_ns": time.monotonic_ns()}
            )
            self.sampler.edge(f"{name}:end")

    def mark(self, name: str, value: float) -> None:
        """Store a figure that a measure will need."""
        self.journal["marks"][name] = value

    def note(self, text: str) -> None:
        """Store a sentence for the report."""
        self.journal["notes"].append(text)

    def new_fleet(self) -> None:
        """Fresh main processes, not started yet."""
        self.fleet = self._fleet(self._env())

    def boot(self) -> None:
        """Start the fleet and wait until every slot has run a warm-up task."""
        self.mark("boot_s", self._ready.boot(self.fleet, self.load, self.tail, self.cell.slots))

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

    def held(self, tasks: list[int]) -> dict[str, Any] | None:
        """Where the broker holds these tasks now; None if it cannot be told."""
        return places(self.cell.arm.adapter, self.broker.url, self.load.handles(), tasks, self.note)

    def settle_held(self, chosen_as_it_went: bool = False) -> dict[str, Any] | None:
        """Find out where each unfinished task is held, for good: it is asked once, at the end."""
        places_now = self.pending.at_the_end(
            lambda: _unfinished(self.live_ledger(chosen_as_it_went))
        )
        held = None if places_now is None else dict(places_now)
        self.journal["held"] = held
        return held

    def type_in(self, command: Command) -> int | None:
        """Carry out a command as somebody who runs the system would.

        Its exit status, None if it does not end within 15 s.
        """
        argv = [self.cell.arm.environment.program(command.argv[0]), *command.argv[1:]]
        pid = self.host.spawn(argv, self.logs / "typed.log", {**self._env(), **command.env})
        self.host.wait([pid], TYPED_S)
        return self.host.exit_status(pid)

    def live_ledger(self, chosen_as_it_went: bool = False) -> ledger.Ledger:
        """The ledger of all that has been written so far."""
        sent = [self.work / f"sent-{number}.bin" for number in range(self.load.count)]
        book, torn = ledger.build(
            None if chosen_as_it_went else self.load.plan(), sent, self.work / "runs.bin"
        )
        self.journal["events"] = {"torn": torn}
        return book

    def _close(self) -> None:
        self.load.stop()
        chosen = bool(self.journal["marks"].pop("chosen_as_it_went", 0))
        asked = self.journal["held"] is None
        if asked:
            self.settle_held(chosen)
        self.fleet.kill()
        if asked:
            self.journal["held"] = self.pending.without_workers(
                self.journal["held"], _unfinished(self.live_ledger(chosen))
            )
        self.sampler.edge("end")
        self.sampler.stop()
        book = self.live_ledger(chosen)
        until = self.journal["marks"].get("planned_until_ns")
        if until:
            book = _cut(book, int(until))
        if (every := int(self.journal["marks"].get("keep_every", 1))) > 1:
            book, left_out = thin(book, every)
            self.mark("left_out", left_out)
        self.journal["restarts"] = self.fleet.restarts
        self.journal["versions"] = documents.read_json(self.work / "versions.json")
        tasks, runs = ledger.tables(book, self.load.errors())
        store.write_cell(self.folder, self.journal, tasks, runs, self.sampler.frame())


def _unfinished(book: ledger.Ledger) -> ledger.Ints:
    """The tasks that were accepted, or may have been, and that have not finished."""
    waits: ledger.Ints = book.task[
        book.measured()
        & (book.enqueue != ledger.UNSENT)
        & (book.enqueue != ledger.ERROR)
        & (book.finishes() == 0)
    ]
    return waits


def _cut(book: ledger.Ledger, until_ns: int) -> ledger.Ledger:
    """Leave out what was never sent because the cell had ended before it was due."""
    return book.only(
        (book.enqueue != ledger.UNSENT) | (book.due <= until_ns), np.ones(len(book.run_task), bool)
    )
