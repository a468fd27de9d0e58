"""The processes below another, from /proc: a trial runs where nothing is installed but the system, so not by psutil."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """Those whose parent it is; none of a process that is gone."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(place.read_bytes().rpartition(b")")[2].split()[1]) == pid:
                found.append(int(place.parent.name))
    return found


def below(pid: int) -> Iterator[int]:
    """Its children, theirs, and so on."""
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
