"""Memory, CPU and broker counters over time: one sampler per cell."""

import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress

import pandas as pd

from bench.base.errors import CellFailed
from bench.brokers.contract import Broker, Counters
from bench.hosts.cgroup import Halts
from bench.hosts.process import Process, ProcessTable, machine_busy_s, memory

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
NAN = float("nan")
Row = list[float | str]


def _below(table: ProcessTable, roots: Iterable[Process]) -> list[int]:
    return table.below(root.pid for root in roots)


def or_nan(value: float | None) -> float:
    """NaN where it is not known."""
    return NAN if value is None else float(value)


class Sampler(ABC):
    """Reads a few times per second; `edge` forces a sample where a phase begins or ends."""

    interval_s = INTERVAL_S

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        """Sample every `interval_s` from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the sampling; it cannot be started again."""
        self._end.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._end.wait(self.interval_s):
            with suppress(CellFailed):  # a host is lost: whoever waits for it says so
                self.edge("")

    def edge(self, label: str) -> None:
        """Take a sample now, under this label."""
        with self._lock:
            self._rows += self.sample(label)

    @abstractmethod
    def sample(self, label: str) -> list[Row]:
        """What is used now: the host, "" for all together, and the columns COLUMNS."""

    def frame(self, later_ns: int = 0) -> pd.DataFrame:
        """One row per sample so far: the host, "" for all together, and the columns COLUMNS.

        Stamps are by a clock that is `later_ns` before ours.
        """
        with self._lock:
            frame = pd.DataFrame(self._rows, columns=["host", *COLUMNS])
        frame["ns"] += later_ns
        return frame


class LocalSampler(Sampler):
    """Of a cell on this host."""

    def __init__(
        self,
        keeper: Process,
        broker: Broker,
        roots: Callable[[], Iterable[Process]],
        generators: Callable[[], Iterable[Process]],
    ) -> None:
        super().__init__()
        self.keeper, self.broker, self.roots, self.generators = keeper, broker, roots, generators
        self._halts = Halts()

    def sample(self, label: str) -> list[Row]:
        """One row: there is one host."""
        counters = self.broker.counters(edge=bool(label)) or Counters()
        ns, table = time.monotonic_ns(), ProcessTable()
        busy_s = machine_busy_s(os.sched_getaffinity(0))
        own = os.times()
        bench_s = own.user + own.system
        workers = _below(table, self.roots())
        broker = _below(table, [self.broker.process] if self.broker.process else [])
        cell = {*_below(table, [self.keeper]), *broker}
        pss, uss = memory(workers)
        broker_pss, broker_cpu_s = (
            (memory(broker)[0], table.cpu_s(broker)) if broker else (NAN, NAN)
        )
        return [
            [
                "",
                ns,
                label,
                pss,
                uss,
                float(len(workers)),
                table.cpu_s(workers),
                *told_or_seen(self.broker, counters, broker_pss, broker_cpu_s),
                table.cpu_s(cell) + bench_s,
                bench_s + table.cpu_s(_below(table, self.generators())),
                busy_s,
                or_nan(self._halts.quota_cores()),
                or_nan(self._halts.core_seconds()),
            ]
        ]


def told_or_seen(broker: Broker, counters: Counters, pss: float, cpu_s: float) -> list[float]:
    """The broker's columns, from `broker_pss` to `own_commands`."""
    return [
        pss,
        pss if broker.by_os else or_nan(counters.memory),
        cpu_s if broker.by_os else or_nan(counters.cpu_s),
        or_nan(counters.commands),
        or_nan(counters.pushes),
        or_nan(counters.messages),
        or_nan(counters.own),
    ]
