"""Memory, CPU and broker counters over time: one sampler per cell."""

import os
import threading
import time
from collections.abc import Callable, Iterable

import pandas as pd
import psutil

from bench.brokers.redis import Broker
from bench.host import tree

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
    "own_commands",
    "all_cpu_s",
    "instrument_cpu_s",
    "machine_busy_s",
]
_TICK = os.sysconf("SC_CLK_TCK")
NAN = float("nan")


def memory(processes: Iterable[psutil.Process]) -> tuple[float, float]:
    """(PSS, USS) in bytes of these processes together; forks share pages, so summed RSS would count them again."""
    pss = uss = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/smaps_rollup") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        pss += int(line.split()[1])
                    elif line.startswith(("Private_Clean:", "Private_Dirty:")):
                        uss += int(line.split()[1])
        except (OSError, ValueError):
            continue
    return pss * 1024.0, uss * 1024.0


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """CPU seconds of these processes and of the children they have reaped: RQ's horses live for milliseconds."""
    total = 0.0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            total += sum(int(value) for value in fields[11:15]) / _TICK
        except (OSError, ValueError):
            continue
    return total


def machine_busy_s() -> float:
    """CPU seconds that all cores together have not idled, steal included."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = (int(value) for value in file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICK


class Sampler:
    """Reads a few times per second; `edge` forces a sample where a phase begins or ends."""

    def __init__(self, keeper: int, broker: Broker, roots: Callable[[], list[int]], generators: Callable[[], list[int]]) -> None:
        self.keeper, self.broker, self.roots, self.generators = keeper, broker, roots, generators
        self._rows: list[list[object]] = []
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """Stop for good."""
        self._end.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._end.wait(INTERVAL_S):
            self.edge("")

    def edge(self, label: str) -> None:
        """Take a sample now."""
        with self._lock:
            self._rows.append(self._sample(label))

    def _sample(self, label: str) -> list[object]:
        workers = tree(self.roots())
        counters = self.broker.counters()
        pss, uss = memory(workers)
        broker = tree([self.broker.pid]) if self.broker.pid else []
        keeper = [psutil.Process(self.keeper)] if psutil.pid_exists(self.keeper) else []
        own = os.times()
        bench_cpu = own.user + own.system
        # The stamp is taken between the two readings of CPU, so that their error is as small as it can be.
        ours = {p.pid: p for p in [*keeper, *(keeper[0].children(recursive=True) if keeper else []), *broker]}
        everything = cpu_s(ours.values()) + bench_cpu
        return [
            time.monotonic_ns(),
            label,
            pss,
            uss,
            float(len(workers)),
            cpu_s(workers),
            memory(broker)[0] if broker else NAN,
            float(counters.memory) if counters else NAN,
            counters.cpu_s if counters else NAN,
            float(counters.commands) if counters else NAN,
            float(counters.pushes) if counters else NAN,
            float(counters.own) if counters else NAN,
            everything,
            bench_cpu + cpu_s(tree(self.generators())),
            machine_busy_s(),
        ]

    def frame(self) -> pd.DataFrame:
        """All samples so far."""
        with self._lock:
            return pd.DataFrame(self._rows, columns=COLUMNS)
