"""Memory, CPU and broker counters over time: one sampler per cell."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.brokers.contract import Broker, Counters
from bench.hosts.cgroup import Halts

INTERVAL_S = 0.4
COLUMNS = [
    "ns",
    "edge",
    "worker_pss",
    "worker_uss",
    "worker_processes",
    "worker_cpu_s",
    "broker_pss",
    "broker_memory",
    "broker_cpu_s",
    "broker_commands",
    "broker_pushes",
    "broker_messages",
    "own_commands",
    "all_cpu_s",
    "instrument_cpu_s",
    "machine_busy_s",
    "quota_cores",
    "halted_core_s",
]
_TICK = os.sysconf("SC_CLK_TCK")
NAN = float("nan")


@dataclass(frozen=True)
class Process:
    """A process at one moment: its parent, and its CPU seconds, reaped children included."""

    parent: int
    cpu_s: float


def processes() -> dict[int, Process]:
    """Every process of this machine by pid, in one pass.

    To ask for each tree by itself took 3 % of the machine from what is measured.
    """
    by_pid = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        # RQ's horses live for milliseconds: what they used is in the last two of these four.
        by_pid[int(name)] = Process(int(fields[1]), sum(map(int, fields[11:15])) / _TICK)
    return by_pid


def tree(roots: Iterable[int], by_pid: Mapping[int, Process]) -> set[int]:
    """Those of the roots that live, and all below them."""
    children = defaultdict(list)
    for pid, process in by_pid.items():
        children[process.parent].append(pid)
    below: set[int] = set()
    waiting = [pid for pid in roots if pid in by_pid]
    while waiting:
        below.add(pid := waiting.pop())
        waiting += children[pid]
    return below


def cpu_s(pids: Iterable[int], by_pid: Mapping[int, Process]) -> float:
    """CPU seconds of these processes and of the children they have reaped."""
    return sum(by_pid[pid].cpu_s for pid in pids)


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


def _or_nan(value: float | None) -> float:
    return NAN if value is None else float(value)


class Sampler:
    """Reads a few times per second; `edge` forces a sample where a phase begins or ends."""

    def __init__(
        self,
        keeper: int,
        broker: Broker,
        roots: Callable[[], list[int]],
        generators: Callable[[], list[int]],
    ) -> None:
        self.keeper, self.broker, self.roots, self.generators = keeper, broker, roots, generators
        self._halts = Halts()
        self._rows: list[list[object]] = []
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        """Sample every 0.4 s from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the sampling; it cannot be started again."""
        self._end.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._end.wait(INTERVAL_S):
            self.edge("")

    def edge(self, label: str) -> None:
        """Take a sample now, under this label."""
        with self._lock:
            self._rows.append(self._sample(label))

    def _sample(self, label: str) -> list[object]:
        counters = self.broker.counters(edge=bool(label)) or Counters()
        ns, by_pid = time.monotonic_ns(), processes()
        busy_s = machine_busy_s(os.sched_getaffinity(0))
        own = os.times()
        bench_s = own.user + own.system
        workers, broker = (
            tree(self.roots(), by_pid),
            tree([self.broker.pid] if self.broker.pid else [], by_pid),
        )
        pss, uss = memory(workers)
        broker_pss, broker_cpu_s = (
            (memory(broker)[0], cpu_s(broker, by_pid)) if broker else (NAN, NAN)
        )
        return [
            ns,
            label,
            pss,
            uss,
            float(len(workers)),
            cpu_s(workers, by_pid),
            broker_pss,
            broker_pss if self.broker.by_os else _or_nan(counters.memory),
            broker_cpu_s if self.broker.by_os else _or_nan(counters.cpu_s),
            _or_nan(counters.commands),
            _or_nan(counters.pushes),
            _or_nan(counters.messages),
            _or_nan(counters.own),
            cpu_s(tree([self.keeper], by_pid) | broker, by_pid) + bench_s,
            bench_s + cpu_s(tree(self.generators(), by_pid), by_pid),
            busy_s,
            _or_nan(self._halts.quota_cores()),
            _or_nan(self._halts.core_seconds()),
        ]

    def frame(self) -> pd.DataFrame:
        """One row per sample so far: the host, "" for the only one, and the columns COLUMNS."""
        with self._lock:
            frame = pd.DataFrame(self._rows, columns=COLUMNS)
        frame.insert(0, "host", "")
        return frame
