"""Where a process of a cell runs: this machine. Only here are processes started."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from bench.base.environ import built
from bench.base.errors import BenchError, CellFailed
from bench.base.plain_names import plainly
from bench.hosts.cell_host import Exits, ManagedProcess
from bench.hosts.process import Process, ProcessTable
from bench.inprocess import event_log, ports

EMPTY_LOG = "(empty log)"
KEEPER = Path(__file__).with_name("keeper.py")


class Host:
    """The processes of one cell, all children of one keeper; use it as a context manager.

    `work` is the plain name of their folder: the only one by which a process is told of it.
    `temporary` is for their temporary files: a worker that is killed leaves some behind.
    """

    label, address, offset_ns = "", "127.0.0.1", 0

    def __init__(self, folder: Path, logs: Path | None = None) -> None:
        self.work = self.temporary = self.folder = folder.resolve()
        self.logs = logs or self.folder
        self._named, self._exits = ExitStack(), Exits()
        self._answered = threading.Condition()
        self._answers: list[int | str] = []  # the pid of what was started, or why it was not
        self._order = threading.Lock()

    def __enter__(self) -> "Host":
        self.work, self.temporary = self._named.enter_context(plainly(self.folder))
        owned = [str(self.folder), str(self.temporary)]
        self._keeper = subprocess.Popen(
            # It turns paths into bytes as we do: PYTHONUTF8 is a variable, and it reads none.
            [sys.executable, "-X", f"utf8={sys.flags.utf8_mode}", "-S", "-E", str(KEEPER), *owned],
            env=built(kept=("LOCPATH",)),  # of a private locale it would know nothing
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=1,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        with self._named:
            try:
                self._end()
            except BenchError as left:
                raise BenchError(f"{left}; before that: {error}" if error else str(left)) from None

    def _end(self) -> None:
        assert self._keeper.stdin and self._keeper.stdout
        alive = [process for process in tree([self._keeper.pid]) if process.pid != self._keeper.pid]
        self._keeper.stdin.close()
        try:
            self._keeper.wait(timeout=20)
        except subprocess.TimeoutExpired:
            raise BenchError(
                f"the keeper of a cell (pid {self._keeper.pid}) does not end: "
                f"look at its processes {sorted(p.pid for p in alive)}"
            ) from None
        self._reader.join(timeout=5)
        self._keeper.stdout.close()
        left = [p.pid for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        if left:
            raise BenchError(
                f"processes {left} outlived their cell: end them before you measure again"
            )

    @property
    def keeper(self) -> Process:
        """The parent of all processes of the cell, itself one of the instrument's."""
        return Process(self._keeper.pid)

    def spawn(
        self, argv: Sequence[str], log: Path, env: Mapping[str, str], stdin: str = ""
    ) -> ManagedProcess:
        """Start a process of this cell; CellFailed if it cannot be started."""
        order = {
            "argv": list(argv),
            "env": dict(env),
            "cwd": str(self.work),
            "log": str(log.absolute()),
            "stdin": stdin,
        }
        with self._order:
            assert self._keeper.stdin
            try:
                self._keeper.stdin.write(json.dumps(order) + "\n")
                self._keeper.stdin.flush()
            except OSError:
                raise CellFailed("the keeper of this cell was killed") from None
            with self._answered:
                if not self._answered.wait_for(lambda: bool(self._answers), timeout=30):
                    raise CellFailed("the keeper of this cell does not answer")
                answer = self._answers.pop(0)
        if isinstance(answer, str):
            raise CellFailed(f"cannot start {argv[0]}: {answer}")
        return ManagedProcess(answer, log, self, self._exits)

    def _read(self) -> None:
        assert self._keeper.stdout
        for line in self._keeper.stdout:
            message = json.loads(line)
            if "exit" in message:
                self._exits.note(message["exit"], message["status"])
                continue
            with self._answered:
                self._answers.append(message["error"] if "error" in message else message["pid"])
                self._answered.notify_all()

    def signal(self, pid: int, number: int) -> bool:
        """Send a signal; False if the process is gone already."""
        return Process(pid).signal(number)

    def below(self, pids: Iterable[int]) -> list[int]:
        """Those of these that live and all below them, a parent before its children."""
        return ProcessTable().below(pids)

    def kill_tree(self, processes: Iterable[Process], freeze: bool = True) -> tuple[int, list[int]]:
        """SIGKILL these and all below them; `freeze` stops the tree first, so that nobody sees half
        of it die.

        Returns the CLOCK_MONOTONIC stamp (ns) at which the first signal had been sent, and every
        pid that was killed. CellFailed if one of them is alive afterwards.
        """
        roots = [process.pid for process in processes]
        t0 = 0
        stopped: dict[int, psutil.Process] = {}
        while fresh := [p for p in tree(roots) if p.pid not in stopped]:
            for process in fresh:
                Process(process.pid).signal(signal.SIGSTOP if freeze else signal.SIGKILL)
                t0 = t0 or time.monotonic_ns()
                stopped[process.pid] = process
        for pid in stopped:
            Process(pid).signal(signal.SIGKILL)
        t0 = t0 or time.monotonic_ns()
        _prove_gone(stopped.values())
        return t0, sorted(stopped)

    def last_lines(self, log: Path, count: int = 6) -> str:
        """The end of a log, for an error message."""
        return last_lines(log, count)

    def make_folder(self, folder: Path) -> None:
        """Make it, if it is not there."""
        folder.mkdir(exist_ok=True)

    def write(self, path: Path, content: bytes) -> None:
        """A file, whole or not at all: who waits for its name reads all of it."""
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(content)
        os.replace(part, path)

    def read(self, path: Path, at: int = 0) -> bytes:
        """What stands in a file from there on."""
        with open(path, "rb") as file:
            file.seek(at)
            return file.read()

    def fetch(self, path: Path) -> Path:
        """The file itself: it is here."""
        return path

    def names(self, folder: Path, pattern: str) -> list[Path]:
        """The files of a folder whose names match, sorted."""
        return sorted(folder.glob(pattern))

    def size(self, path: Path) -> int:
        """How long a file is now."""
        return path.stat().st_size

    def start_events(self, path: Path) -> None:
        """An event file, before any process that writes to it."""
        event_log.create(str(path))

    def free_port(self) -> int:
        """A port of loopback that is free now."""
        return ports.free_port()


def _prove_gone(processes: Iterable[psutil.Process], timeout_s: float = 5.0) -> None:
    """CellFailed unless each of these has ended; psutil knows a reused pid from the old one."""
    _, alive = psutil.wait_procs([p for p in processes if p.is_running()], timeout=timeout_s)
    alive = [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    if alive:
        raise CellFailed(f"processes {[p.pid for p in alive]} survived SIGKILL")


def tree(roots: Iterable[int]) -> list[psutil.Process]:
    """These processes and all below them that live now, a parent before its children."""
    processes = []
    for pid in ProcessTable().below(roots):
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    return [p for p in processes if p.is_running()]


def last_lines(log: Path, count: int = 6) -> str:
    """The end of a log file, for an error message."""
    try:
        lines = log.read_text(errors="replace", encoding="utf-8").strip().splitlines()
    except OSError:
        return "(no log)"
    return " | ".join(line.strip() for line in lines[-count:] if line.strip()) or EMPTY_LOG
