"""A far host as a cell has it: the same contract as bench/hosts/local.py, over a channel."""

import itertools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.base.errors import CellFailed
from bench.hosts.cell_host import ManagedProcess
from bench.hosts.channel import Channel
from bench.hosts.process import Process
from bench.hosts.sent.far_files import PIECE
from bench.hosts.sent.frames import Document

PINGS = 12
PIECES_S = 60.0


class FarHost:
    """What a cell has on a far host; `cell()` is how long it has it.

    `address` is that by which the other hosts reach it. Paths are those of the host.
    """

    def __init__(self, channel: Channel, address: str) -> None:
        self.channel, self.label, self.address = channel, channel.label, address
        self.offset_ns = self.echo_port = 0
        self._codes = dict[str, Path]()
        self._bins: dict[str, tuple[Path, Path]] = {}  # by arm: where its programs are here, there
        self._arm = ""
        self._numbers = itertools.count(1)
        self._mirror = Path()
        self._mirrored: dict[Path, int] = {}
        self._reading = threading.Lock()
        self.work = self.temporary = self.logs = Path(channel.root)

    @contextmanager
    def cell(self, mirror: Path, arm: str = "") -> Iterator["FarHost"]:
        """A folder for the processes of one cell of an arm; nothing of them is left at its end.

        `mirror` is a folder here, for the copies of what they write.
        """
        self._arm = arm
        self.work = Path(self.channel.root) / f"cell-{next(self._numbers)}"
        self.temporary, self.logs = self.work / "tmp", self.work / "logs"
        self._mirror, self._mirrored = mirror, {}
        mirror.mkdir(parents=True, exist_ok=True)
        self.make_folder(self.temporary)
        self.make_folder(self.logs)
        self.measure_offset()
        try:
            yield self
        finally:
            with suppress(CellFailed):  # of a host that is lost the lease ends all
                self.channel.ask("clear", folder=str(self.work))
                self.mend()

    def measure_offset(self) -> None:
        """How far its clock is before ours, roughly: for orders, never for a figure."""
        pings = [self.channel.ping() for _ in range(PINGS)]
        sent, seen, answered, returned = min(pings, key=lambda each: each[3] - each[0])
        self.offset_ns = ((seen - sent) + (answered - returned)) // 2

    # processes

    @property
    def keeper(self) -> Process:
        """The parent of all processes of ours on that host."""
        return ManagedProcess(int(self.channel.facts["pid"]), Path(), self, self.channel.exits)

    def spawn(
        self, argv: Sequence[str], log: Path, env: Mapping[str, str], stdin: str = ""
    ) -> ManagedProcess:
        """Start a process there; CellFailed if it cannot be started."""
        program = self._there(argv[0])
        try:
            answer = self.channel.ask(
                "spawn",
                argv=[program, *argv[1:]],
                env=dict(env),
                cwd=str(self.work),
                log=str(log),
                stdin=stdin,
            )
        except CellFailed as failed:
            raise CellFailed(f"cannot start {program}: {failed}") from None
        return ManagedProcess(int(answer["pid"]), log, self, self.channel.exits)

    def _there(self, program: str) -> str:
        """Where a program of the arm is on that host."""
        if self._arm not in self._bins:
            return program
        here, there = self._bins[self._arm]
        if program == sys.executable:
            return str(there / "python")
        path = Path(program)
        return str(there / path.name) if path.parent == here else program

    def programs_of(self, arm: str, here: Path, there: Path) -> None:
        """The programs of an arm that are in this folder here are in that one there."""
        self._bins[arm] = here, there

    def environment(self, name: str) -> Path:
        """Where an environment is made, for as long as the channel lasts."""
        return Path(self.channel.root) / f"environment-{name}"

    def has_environment(self, name: str) -> bool:
        """Whether it was made to its end."""
        return bool(self.names(self.environment(name), "complete"))

    @property
    def python(self) -> str:
        """The one that the keeper runs in."""
        return str(self.channel.facts["executable"])

    def signal(self, pid: int, number: int) -> bool:
        """Send a signal; False if the process is gone already."""
        return bool(self.channel.ask("signal", pid=pid, sent=number)["there"])

    def below(self, pids: Iterable[int]) -> list[int]:
        """Those of these that live and all below them, a parent before its children."""
        return list(self.channel.ask("tree", pids=list(pids))["pids"])

    def kill_tree(self, processes: Iterable[Process], freeze: bool = True) -> tuple[int, list[int]]:
        """As that of this host; the stamp is one of our clock."""
        pids = [each.pid for each in processes]
        answer = self.channel.ask("kill", pids=pids, freeze=freeze)
        return int(answer["stamp_ns"]) - self.offset_ns, list(answer["pids"])

    def cut(self, address: str, port: int) -> int:
        """Drop all that goes to that server and comes from it, until it is mended or the cell is
        over; the stamp (ns, our clock) right after. CellFailed where that cannot be done."""
        answer = self.channel.ask("cut", address=address, port=port)
        return int(answer["stamp_ns"]) - self.offset_ns

    def mend(self) -> int:
        """Let everything pass again; the stamp right after."""
        return int(self.channel.ask("mend")["stamp_ns"]) - self.offset_ns

    def usage(self, groups: Mapping[str, list[int]]) -> Document:
        """What the trees below these use, by group, and the host as a whole."""
        return self.channel.ask("sample", groups=groups)

    def last_lines(self, log: Path, count: int = 6) -> str:
        """The end of a log there, for an error message."""
        try:
            text = self.read(log).decode(errors="replace")
        except CellFailed as failed:
            return str(failed)
        lines = [line.strip() for line in text.strip().splitlines()[-count:]]
        return " | ".join(filter(None, lines)) or "(empty log)"

    # files

    def make_folder(self, folder: Path) -> None:
        """Make it, if it is not there."""
        self.channel.ask("folder", path=str(folder))

    def write(self, path: Path, content: bytes) -> None:
        """A file, whole or not at all."""
        at, view = 0, memoryview(content)
        while True:
            piece = bytes(view[at : at + PIECE])
            last = at + len(piece) == len(view)
            self.channel.ask("write", piece, path=str(path), at=at, last=last, wait_s=PIECES_S)
            at += len(piece)
            if last:
                return

    def unpack(self, folder: Path, archive: bytes) -> None:
        """A folder from a tar archive."""
        packed = folder.with_name(f"{folder.name}.tar")
        self.write(packed, archive)
        self.channel.ask("unpack", path=str(folder), archive=str(packed), wait_s=PIECES_S)

    def code(self, name: str, packed: Callable[[], bytes]) -> Path:
        """A folder of code of that name, sent once for all cells."""
        if name not in self._codes:
            folder = Path(self.channel.root) / f"code-{name}"
            self.make_folder(folder)
            self.unpack(folder, packed())
            self._codes[name] = folder
        return self._codes[name]

    def read(self, path: Path, at: int = 0) -> bytes:
        """A file from there on."""
        pieces = []
        while True:
            answer, piece = self.channel.order("read", path=str(path), at=at, wait_s=PIECES_S)
            pieces.append(piece)
            at += len(piece)
            if not piece or at >= answer["size"]:
                return b"".join(pieces)

    def fetch(self, path: Path) -> Path:
        """A copy here of a file there, as it is now: only what has come is sent again."""
        here = self._mirror / path.relative_to(self.work)
        with self._reading:
            here.parent.mkdir(parents=True, exist_ok=True)
            grown = self.read(path, self._mirrored.get(path, 0))
            with open(here, "ab") as file:
                file.write(grown)
            self._mirrored[path] = self._mirrored.get(path, 0) + len(grown)
        return here

    def names(self, folder: Path, pattern: str) -> list[Path]:
        """The files of a folder there whose names match."""
        found = self.channel.ask("names", pattern=str(folder / pattern))["paths"]
        return [Path(each) for each in found]

    def start_events(self, path: Path) -> None:
        """An event file, before any process that writes to it."""
        self.channel.ask("events", path=str(path))

    def size(self, path: Path) -> int:
        """How long a file is now."""
        return int(self.channel.ask("size", path=str(path))["size"])

    def grow(self, path: Path, size: int) -> None:
        """Make a file so long."""
        self.channel.ask("grow", path=str(path), size=size)

    # what only the host knows

    def program(self, name: str) -> tuple[str, str]:
        """(the path of a program there, empty without one; what it says to --version)."""
        told = self.channel.ask("program", name=name)
        return str(told["path"]), str(told["version"])

    def free_port(self) -> int:
        """A port of its address that is free now."""
        return int(self.channel.ask("port", address=self.address)["port"])
