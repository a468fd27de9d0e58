"""The processes of this machine: what can be asked of one or done to it, and what all have used."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """A process of this machine, whoever started it. `pid` is what is stored and said of it."""

    pid: int

    def signal(self, number: int) -> bool:
        """Send a signal; False if the process is gone already."""
        try:
            os.kill(self.pid, number)
            return True
        except ProcessLookupError:
            return False

    def tree(self) -> Sequence["Process"]:
        """It and all below it that live now, a parent before its children."""
        return [Process(pid) for pid in ProcessTable().below([self.pid])]


class ProcessTable:
    """All processes at one moment, read in one pass: whose children they are, and what they used.

    To ask for each tree by itself took 3 % of the machine from what is measured.
    """

    def __init__(self) -> None:
        self._cpu_s: dict[int, float] = {}
        self._children: dict[int, list[int]] = defaultdict(list)
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            # RQ's horses live for milliseconds: what they used is in the last two of these four.
            self._cpu_s[int(name)] = sum(map(int, fields[11:15])) / _TICK
            self._children[int(fields[1])].append(int(name))

    def below(self, roots: Iterable[int]) -> list[int]:
        """Those of the roots that live and all below them, each once, a parent before its children.

        What has ended and was not reaped yet is among them.
        """
        found: dict[int, None] = {}
        for root in roots:
            waiting = [root] if root in self._cpu_s else []
            while waiting:
                if (pid := waiting.pop()) not in found:
                    found[pid] = None
                    waiting += self._children.get(pid, ())
        return list(found)

    def cpu_s(self, pids: Iterable[int]) -> float:
        """CPU seconds of these processes and of the children they have reaped."""
        return sum(self._cpu_s[pid] for pid in pids)


def memory(pids: Iterable[int]) -> tuple[float, float]:
    """(PSS, USS) in bytes of these processes together.

    Forks share pages: summed RSS would count them again.
    """
    pss = uss = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        pss += int(line.split()[1])
                    elif line.startswith(("Private_Clean:", "Private_Dirty:")):
                        uss += int(line.split()[1])
        except (OSError, ValueError):
            continue
    return pss * 1024.0, uss * 1024.0


def machine_busy_s(cores: Collection[int]) -> float:
    """CPU seconds that these cores together have not idled, steal included.

    What is busy on the cores of somebody else's cpuset takes nothing from a cell.
    """
    with open("/proc/stat", encoding="utf-8") as file:
        lines = [line.split() for line in file if line.startswith("cpu")]
    every = {name: fields[:8] for name, *fields in lines}
    ours = [f"cpu{number}" for number in cores]
    # Each line is rounded by itself: where all cores are ours their sum is the first one.
    listed = len(ours) < len(every) - 1 and all(name in every for name in ours)
    return sum(_busy(every[name]) for name in (ours if listed else ["cpu"])) / _TICK


def _busy(fields: Sequence[str]) -> int:
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
    return user + nice + system + irq + softirq + steal
