"""The load generators of a cell as the runner sees them: orders out, event files back."""

import json
import signal
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from bench.base.errors import CellFailed, NotOffered
from bench.hosts.local import Host, last_lines
from bench.hosts.process import ManagedProcess
from bench.inprocess import event_log
from bench.inprocess.generator import NOT_OFFERED
from bench.model.schedule import Schedule
from bench.record import event_files, ledger
from bench.record.documents import read_json, write_json

READY_S = 30.0
# A schedule begins so long after its order: the generators read it before
START_IN_NS = 100_000_000


class Load:
    """k generator processes; an order is carried out by all of them together."""

    def __init__(
        self, host: Host, log: Path, env: Mapping[str, str], count: int, python: str
    ) -> None:
        self.host, self.log, self.env, self.count, self.python = host, log, env, count, python
        self.work = host.work
        self.processes: list[ManagedProcess] = []
        self.orders = 0
        self._tasks: list[ledger.Ints] = []
        self._due: list[ledger.Ints] = []
        self._done = [0] * count

    def start(self) -> None:
        """Start the generators and wait until each is connected."""
        for number in range(self.count):
            event_log.create(str(self.work / f"sent-{number}.bin"))
        argv = [self.python, "-m", "bench.inprocess.generator", str(self.work)]
        self.processes = [
            self.host.spawn([*argv, str(n), str(self.count)], self.log, self.env)
            for n in range(self.count)
        ]
        self._tails = [event_files.Tail(self.work / f"sent-{n}.bin") for n in range(self.count)]
        self._until_ready()

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
                raise CellFailed(
                    f"a load generator did not become ready within {READY_S:.0f} s: "
                    f"{last_lines(self.log)}"
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
        schedule.write(self._next(".bin"), t0_ns)
        self.order("schedule", works=list(schedule.works), only=only)

    def order(self, kind: str, **what: int | str | list[str] | None) -> None:
        """Give out an order: the generators' method `do_KIND`; a schedule is sent by `send`."""
        write_json(self._next(".json"), {"kind": kind, **what})
        self.orders += 1

    def _next(self, suffix: str) -> Path:
        return self.work / f"order-{self.orders + 1:03d}{suffix}"

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
        if self.processes[number].exit_status() == NOT_OFFERED:
            return NotOffered(last_lines(self.log, 1))
        return CellFailed(f"a load generator ended early: {last_lines(self.log, 3)}")

    def stop(self) -> None:
        """Let a call in progress return for 2 s, then end the generators."""
        for process in self.processes:
            if process.exit_status() is None:
                process.signal(signal.SIGTERM)
        if not self.host.wait(self.processes, 2):
            self.host.kill_tree(self.processes)

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

    def versions(self) -> dict[str, str]:
        """What a generator saw in the environment; of a free-threaded build also whether the tasks
        ran with the GIL."""
        seen: dict[str, str] = read_json(self.work / "versions.json")
        names = sorted(path.name for path in self.work.glob(f"{event_log.GIL}*"))
        states = " and ".join(name.removeprefix(event_log.GIL) for name in names)
        return seen | ({"GIL": states} if states else {})

    def handles(self, tasks: Collection[int]) -> dict[int, str]:
        """Task id → the library's own id, of these tasks and where the cell keeps them."""
        wanted, found = set(tasks), dict[int, str]()
        # Line by line: of a million tasks all but a few have finished, and nobody asks for those.
        for path in sorted(self.work.glob("handles-*.txt")):
            with open(path, encoding="utf-8") as file:
                for task, _, handle in (line.rstrip("\n").partition(" ") for line in file):
                    if int(task) in wanted:
                        found[int(task)] = handle
        return found

    def _lines(self, files: str) -> list[str]:
        """What all generators have written into their files of one kind."""
        paths = sorted(self.work.glob(files))
        return [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
