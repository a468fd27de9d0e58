"""What the cgroup of this process gives: CPU quota, memory limit, and how long it was halted.

cgroup v1, v2, and the two side by side. A limit holds for all below it, so the smallest on the way
up counts; what a namespace or a partial mount hides cannot be seen.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

NO_LIMIT = 1 << 60  # v1 says "none" by the largest number of whole pages
SEARCHED = 4096  # folders: where paths do not tell which is ours, our pid does
HERE = Path("/")
# Of a line of mountinfo (proc(5)): which part is seen where, behind the dash the kind (`cgroup2` is
# v2) and the options, which name the controllers of v1.
MOUNTED = re.compile(r"^\S+ \S+ \S+ (\S+) (\S+) \S+.*? - (cgroup2?) \S+ (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Limits:
    """Cores and bytes that are allowed; None where there is no limit."""

    cpu_cores: float | None
    memory_bytes: int | None


def limits(here: Path = HERE) -> Limits:
    """CPU quota and memory limit of this process: the smallest of its cgroup and those above it."""
    quotas = [quota for folder in levels("cpu", here) if (quota := _quota(folder)) is not None]
    memory = levels("memory", here)
    least = [limit for folder in memory if (limit := _memory(folder)) is not None]
    # v1 counts limits here that are above what is mounted.
    above = _fields(memory[0] / "memory.stat").get("hierarchical_memory_limit") if memory else None
    least += [above] if above is not None and above < NO_LIMIT else []
    return Limits(min(quotas, default=None), min(least, default=None))


class Halts:
    """How long the quota has halted this process and all beside it in its cgroup."""

    def __init__(self, here: Path = HERE) -> None:
        self._levels = levels("cpu", here)

    def quota_cores(self) -> float | None:
        """The quota as it is now: it may be changed while a container runs."""
        return min((quota for folder in self._levels if (quota := _quota(folder))), default=None)

    def core_seconds(self) -> float | None:
        """Seconds for which it was halted so far, added up over the cores; None if not told."""
        # Linux 6.6 counts beside its own halts those that come from above, seen or not.
        counted = _halted_s(folder / "cpu.stat.local" for folder in self._levels[:1])
        counted = counted or _halted_s(folder / "cpu.stat" for folder in self._levels)
        return sum(counted) if counted else None


def levels(controller: str, here: Path = HERE) -> list[Path]:
    """The folder of our cgroup for a controller, then those above it up to the mounted root.

    `here` is where /proc and the mounts are looked for. Empty where nothing is to be seen.
    """
    kind, path = _membership(controller, _read(here / "proc/self/cgroup"))
    mounts = [
        (_plain(root), here / _plain(point).lstrip("/"))
        for root, point, mounted, options in MOUNTED.findall(_read(here / "proc/self/mountinfo"))
        if mounted == kind and (kind == "cgroup2" or controller in options.split(","))
    ]
    # The mount that shows most of the way up.
    for root, point in sorted(mounts, key=lambda mount: len(mount[0])):
        folder = _below(point, path, root) or _search(point)
        if folder is not None:
            above = folder.relative_to(point).parts
            return [point.joinpath(*above[:n]) for n in range(len(above), -1, -1)]
    return []


def _membership(controller: str, text: str) -> tuple[str, str]:
    """(kind, path) of the hierarchy that has the controller, from a /proc/PID/cgroup."""
    lines = [line.split(":", 2) for line in text.splitlines()]
    named = [("cgroup", path) for _, names, path in lines if controller in names.split(",")]
    unified = [("cgroup2", path) for number, names, path in lines if number == "0" and not names]
    return (*named, *unified, ("", ""))[0]


def _below(point: Path, path: str, root: str) -> Path | None:
    """Our folder by its name; None where the names begin elsewhere or it is not there."""
    elsewhere = root != "/" and path != root and not path.startswith(f"{root}/")
    if elsewhere or ".." in (*Path(path).parts, *Path(root).parts):
        return None
    folder = point / (path if root == "/" else path[len(root) :]).lstrip("/")
    return folder if folder.is_dir() else None


def _search(point: Path) -> Path | None:
    """The folder below that lists our pid."""
    pid = str(os.getpid())
    for folder, _, _ in islice(os.walk(point), SEARCHED):
        if pid in _read(Path(folder) / "cgroup.procs").split():
            return Path(folder)
    return None


def _quota(folder: Path) -> float | None:
    quota, period = [*_read(folder / "cpu.max").split(), "", ""][:2]
    if not quota:
        quota = _read(folder / "cpu.cfs_quota_us").strip()
        period = _read(folder / "cpu.cfs_period_us").strip()
    limited = quota.isdigit() and period.isdigit() and int(period) > 0
    return int(quota) / int(period) if limited else None


def _memory(folder: Path) -> int | None:
    text = (_read(folder / "memory.max") or _read(folder / "memory.limit_in_bytes")).strip()
    return int(text) if text.isdigit() and int(text) < NO_LIMIT else None


def _halted_s(files: Iterable[Path]) -> list[float]:
    """The seconds of halts in each file that tells them, under the name of v2 or of v1."""
    return [
        fields[name] / unit
        for fields in map(_fields, files)
        for name, unit in (("throttled_usec", 1e6), ("throttled_time", 1e9))
        if name in fields
    ]


def _fields(file: Path) -> dict[str, int]:
    pairs = (line.partition(" ") for line in _read(file).splitlines())
    return {name: int(value) for name, _, value in pairs if value.strip().isdigit()}


def _plain(text: str) -> str:
    """A name as the kernel escapes it in mountinfo: \\040 is a space."""
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), text)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
