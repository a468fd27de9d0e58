"""The environment of every process below one, as the kernel shows it while they live."""

import os
import threading
from pathlib import Path


class Seen:
    """Looks at /proc as often as it can; `names` of each process, by pid, with its command line."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.lines: dict[int, str] = {}
        self.env: dict[int, dict[str, str]] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Seen":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        own = self._line(self.root)
        while not self._end.wait(0.003):
            for pid in self._below():
                line = self._line(pid)
                # Between fork and exec a process still is its parent: what it becomes counts.
                if line and line != own and self.lines.get(pid) != line:
                    self._keep(pid, line)

    def _line(self, pid: int) -> str:
        return self._read(pid, "cmdline").replace("\0", " ").strip()

    def _keep(self, pid: int, line: str) -> None:
        pairs = [each.partition("=") for each in self._read(pid, "environ").split("\0") if each]
        # A server that writes its title over its environment leaves crumbs, which are no names.
        self.lines[pid] = line
        self.env[pid] = {name: value for name, _, value in pairs if name.isidentifier()}

    def _below(self) -> set[int]:
        parents: dict[int, int] = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            fields = self._read(int(name), "stat").rpartition(")")[2].split()
            if fields:
                parents[int(name)] = int(fields[1])
        found, frontier = set[int](), {self.root}
        while frontier:
            frontier = {pid for pid, parent in parents.items() if parent in frontier} - found
            found |= frontier
        return found

    @staticmethod
    def _read(pid: int, name: str) -> str:
        try:
            return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def of(self, word: str) -> list[dict[str, str]]:
        """The environments of those whose command line has this word."""
        return [self.env[pid] for pid, line in self.lines.items() if word in line]
