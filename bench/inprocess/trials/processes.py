"""The processes below another, from /proc.

A trial runs where nothing but the system is installed, so psutil is not there.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The pids of its children; empty for a process that is gone."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_bytes().rpartition(b")")[2].split()[1]) == pid:
                pids.append(int(stat.parent.name))
    return pids


def below(pid: int) -> Iterator[int]:
    """The pids of its children, theirs, and so on."""
    for child in children(pid):
        yield child
        yield from below(child)


def arguments(pid: int) -> str:
    """What a list of processes shows of it; nothing of one that is gone."""
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return ""
