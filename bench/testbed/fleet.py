"""The worker processes of a cell: start, ready, supervise, stop; nothing outlives the cell."""

import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.base import Command
from bench.base.errors import CellFailed
from bench.hosts.cell_host import CellHost, ManagedProcess, all_ended, kill_trees
from bench.inprocess import cell_context
from bench.model.cell_log import Restart
from bench.model.environment import OWN, Environment

SUPERVISOR_DELAY_S = 1.0


@dataclass(frozen=True)
class Post:
    """Where a main process runs: its host, the command, and the variables of that host."""

    host: CellHost
    command: Command
    env: Mapping[str, str]


@dataclass
class Main:
    """One main process of the system, and what starts it again."""

    post: Post
    process: ManagedProcess


class Fleet:
    """The system's own worker commands, started as a user would."""

    def __init__(self, posts: Sequence[Post], environment: Environment = OWN) -> None:
        self.posts, self.environment = list(posts), environment
        self.mains: list[Main] = []
        self.restarts: list[Restart] = []
        self._supervisor: threading.Thread | None = None
        self._unsupervised = threading.Event()
        self._lock = threading.Lock()

    def without_log(self, number: int) -> None:
        """Give that main process no event file: what recording costs shows against its bare
        tasks."""
        post = self.posts[number]
        bare = replace(post.command, env={**post.command.env, cell_context.EVENTS: ""})
        self.posts[number] = replace(post, command=bare)

    def start(self) -> None:
        """Start every main process, each with a log of its own."""
        self.mains += [
            Main(post, self._spawn(post, post.host.logs / f"worker-{number}.log"))
            for number, post in enumerate(self.posts)
        ]

    def _spawn(self, post: Post, log: Path) -> ManagedProcess:
        command = post.command
        program = self.environment.program(command.argv[0])
        return post.host.spawn([program, *command.argv[1:]], log, {**post.env, **command.env})

    def _replace(self, main: Main) -> None:
        main.process = self._spawn(main.post, main.process.log)

    def roots(self) -> list[ManagedProcess]:
        """The main processes, dead ones included."""
        with self._lock:
            return [main.process for main in self.mains]

    def check_alive(self) -> None:
        """CellFailed with the last log lines if a main process has ended by itself."""
        for main in self.mains:
            if (status := main.process.exit_status()) is not None:
                raise CellFailed(
                    f"a worker ended with status {status}: {main.process.last_lines()}"
                )

    def describe_logs(self) -> str:
        """The last lines of each worker's log."""
        return "; ".join(main.process.last_lines() for main in self.mains)

    def supervise(self) -> None:
        """From now on start a dead main process again, as systemd would with RestartSec=1."""
        self._supervisor = threading.Thread(target=self._watch, daemon=True)
        self._supervisor.start()

    def _watch(self) -> None:
        died: dict[int, float] = {}
        while not self._unsupervised.wait(0.01):
            with self._lock:
                for main in [each for each in self.mains if each.process.exit_status() is not None]:
                    pid = main.process.pid
                    since = died.setdefault(pid, time.monotonic())
                    if time.monotonic() - since >= SUPERVISOR_DELAY_S:
                        self.restarts.append(Restart(old=pid, ns=time.monotonic_ns()))
                        self._replace(main)

    def unsupervise(self) -> None:
        """From now on start no dead process again."""
        self._unsupervised.set()
        if self._supervisor:
            self._supervisor.join()

    def replace(
        self, grace_s: float, only: ManagedProcess | None = None
    ) -> tuple[int, list[ManagedProcess], list[ManagedProcess]]:
        """A deploy: SIGTERM to every main process or to one, replacements at once, SIGKILL after
        the grace.

        Returns the stamp of the first signal (ns), the processes that were replaced and their
        replacements. The grace runs in the background.
        """
        with self._lock:
            mains = [main for main in self.mains if only in (None, main.process)]
            old = [main.process for main in mains]
            t0 = 0
            for process in old:
                process.signal(signal.SIGTERM)
                t0 = t0 or time.monotonic_ns()
            for main in mains:
                self._replace(main)
        threading.Thread(target=self._grace, args=(old, grace_s), daemon=True).start()
        return t0, old, [main.process for main in mains]

    def _grace(self, old: Sequence[ManagedProcess], grace_s: float) -> None:
        if not all_ended(old, grace_s):
            kill_trees([each for each in old if each.exit_status() is None])

    def lose(self, host: CellHost) -> list[ManagedProcess]:
        """Give up what runs on a host, and start nothing there again; the processes."""
        with self._lock:
            lost = [main.process for main in self.mains if main.post.host is host]
            self.mains = [main for main in self.mains if main.post.host is not host]
        return lost

    def stop(self, timeout_s: float = 15) -> None:
        """SIGTERM as a user would, SIGKILL to what does not end; nothing of the fleet lives on."""
        roots = self.roots()
        processes = [each for root in roots for each in root.tree()]
        for root in roots:
            root.signal(signal.SIGTERM)
        all_ended(roots, timeout_s)
        self.kill(processes)

    def kill(self, also: Sequence[ManagedProcess] = ()) -> None:
        """End the fleet at once, its supervisor first.

        `also` are processes that may have lost their parents.
        """
        self.unsupervise()
        kill_trees([*self.roots(), *also])
        with self._lock:
            self.mains.clear()
