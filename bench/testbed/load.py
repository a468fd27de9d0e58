"""The load generators of a cell as the runner sees them: orders out, event files back."""

import json
import signal
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from bench.base.errors import CellFailed, NotOffered
from bench.hosts.cell_host import CellHost, ManagedProcess, all_ended, kill_trees
from bench.inprocess import event_log
from bench.inprocess.generator import NOT_OFFERED
from bench.model.schedule import Schedule
from bench.record import ledger
from bench.record.documents import read_json
from bench.testbed.tails import Tail, tail_of

READY_S = 30.0
# A schedule begins so long after its order: the generators read it before
START_IN_NS = 100_000_000
LOG = "generator.log"


class Load:
    """k generator processes, on the hosts that send; an order is carried out by all of them
    together."""

    def __init__(
        self,
        hosts: Sequence[CellHost],
        env: Callable[[CellHost], Mapping[str, str]],
        count: int,
        python: str,
    ) -> None:
        self.env, self.count, self.python = env, count, python
        self.by_number = [hosts[number % len(hosts)] for number in range(count)]
        self.hosts = list(hosts)[:count]
        self.processes: list[ManagedProcess] = []
        self.orders = 0
        self._tasks: list[ledger.Ints] = []
        self._due: list[ledger.Ints] = []
        self._done = [0] * count
        self._tails: list[Tail] = []

    def start(self) -> None:
        """Start the generators and wait until each is connected."""
        for host, path in self._event_files():
            host.start_events(path)
        program = [self.python, "-m", "bench.inprocess.generator"]
        self.processes = [
            host.spawn(
                [*program, str(host.work), str(number), str(self.count)],
                host.logs / LOG,
                self.env(host),
            )
            for number, host in enumerate(self.by_number)
        ]
        self._tails = [tail_of(host, path) for host, path in self._event_files()]
        self._until_ready()

    def _event_files(self) -> list[tuple[CellHost, Path]]:
        return [
            (host, host.work / f"sent-{number}.bin") for number, host in enumerate(self.by_number)
        ]

    def files_of(self, host: CellHost) -> list[Path]:
        """The event files of the generators on this host."""
        return [path for each, path in self._event_files() if each is host]

    def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        waiting = set(range(self.count))
        while waiting:
            for number in sorted(waiting):
                if event_log.READY in self._poll(number):
                    waiting.discard(number)
                elif self.processes[number].exit_status() is not None:
                    raise self._early(number)
            if time.monotonic() > deadline:
                said = self.processes[min(waiting)].last_lines()
                raise CellFailed(
                    f"a load generator did not become ready within {READY_S:.0f} s: {said}"
                )
            time.sleep(0.002)

    def _poll(self, number: int) -> list[int]:
        """The kinds of the records that a generator has written since the last look."""
        kinds: list[int] = self._tails[number].poll()["kind"].tolist()
        self._done[number] += kinds.count(event_log.DONE)
        return kinds

    def send(self, schedule: Schedule, t0_ns: int, only: int | None = None) -> None:
        """Give out a schedule whose offsets count from t0.

        It goes to all generators, or to the one with the number `only`, while the others go on with
        theirs.
        """
        self._tasks.append(schedule.tasks)
        self._due.append(schedule.due_ns + t0_ns)
        for host in self.hosts:
            host.write(self._next(host, ".bin"), schedule.packed(t0_ns + host.offset_ns))
        self.order("schedule", works=list(schedule.works), only=only)

    def order(self, kind: str, **what: int | str | list[str] | None) -> None:
        """Give out an order: the generators' method `do_KIND`; a schedule is sent by `send`.

        What is named `…_ns` is a stamp of our clock.
        """
        for host in self.hosts:
            stamps = {
                name: each + host.offset_ns
                for name, each in what.items()
                if name.endswith("_ns") and isinstance(each, int)
            }
            order = json.dumps({"kind": kind, **what, **stamps})
            host.write(self._next(host, ".json"), order.encode())
        self.orders += 1

    def _next(self, host: CellHost, suffix: str) -> Path:
        return host.work / f"order-{self.orders + 1:03d}{suffix}"

    def done(self) -> bool:
        """Whether every order so far has been carried out by every generator."""
        for number in range(self.count):
            self._poll(number)
        return all(done >= self.orders for done in self._done)

    def check_alive(self) -> None:
        """CellFailed if a generator has ended."""
        for number, process in enumerate(self.processes):
            if process.exit_status() is not None:
                raise self._early(number)

    def _early(self, number: int) -> Exception:
        process = self.processes[number]
        if process.exit_status() == NOT_OFFERED:
            return NotOffered(process.last_lines(1))
        return CellFailed(f"a load generator ended early: {process.last_lines(3)}")

    def stop(self) -> None:
        """Let a call in progress return for 2 s, then end the generators."""
        for process in self.processes:
            if process.exit_status() is None:
                process.signal(signal.SIGTERM)
        if not all_ended(self.processes, 2):
            kill_trees(self.processes)

    def plan(self) -> tuple[ledger.Ints, ledger.Ints]:
        """(ids, absolute due_ns) of every schedule given out, each of the shape (n,)."""
        nothing = [np.empty(0, np.int64)]
        return np.concatenate(self._tasks or nothing), np.concatenate(self._due or nothing)

    def errors(self) -> dict[int, str]:
        """Task id → the exception that its enqueue call raised."""
        texts: dict[int, str] = {}
        for line in self._lines("errors-*.jsonl"):
            with suppress(ValueError):  # the last line of a killed generator
                task, text = json.loads(line)
                texts[int(task)] = str(text)
        return texts

    def versions(self, ran_on: Iterable[CellHost]) -> dict[str, str]:
        """What a generator saw in the environment; of a free-threaded build also whether the tasks
        ran with the GIL: that lies where they `ran_on`."""
        first = self.by_number[0]
        seen: dict[str, str] = read_json(first.fetch(first.work / "versions.json"))
        found = [host.names(host.work, f"{event_log.GIL}*") for host in ran_on]
        names = sorted({path.name for paths in found for path in paths})
        states = " and ".join(name.removeprefix(event_log.GIL) for name in names)
        return seen | ({"GIL": states} if states else {})

    def handles(self, tasks: Collection[int]) -> dict[int, str]:
        """Task id → the library's own id, of these tasks and where the cell keeps them."""
        wanted, found = set(tasks), dict[int, str]()
        # Line by line: of a million tasks all but a few have finished, and nobody asks for those.
        for path in self._written("handles-*.txt"):
            with open(path, encoding="utf-8") as file:
                for task, _, handle in (line.rstrip("\n").partition(" ") for line in file):
                    if int(task) in wanted:
                        found[int(task)] = handle
        return found

    def _lines(self, files: str) -> list[str]:
        """What all generators have written into their files of one kind."""
        paths = self._written(files)
        return [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]

    def _written(self, files: str) -> list[Path]:
        """The files of one kind, as they are now."""
        return [host.fetch(path) for host in self.hosts for path in host.names(host.work, files)]
