"""Memory, CPU and broker counters of a cell on several hosts: each host is asked for its own."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bench.brokers.contract import Broker, Counters
from bench.hosts.cell_host import ManagedProcess
from bench.hosts.far_host import FarHost
from bench.inprocess.event_log import boot_id
from bench.testbed.sampler import COLUMNS, NAN, Row, Sampler, or_nan, told_or_seen

SEEN = ("worker_pss", "worker_uss", "worker_processes", "worker_cpu_s")
GROUPS = ("workers", "broker", "generators")


class FarSampler(Sampler):
    """One row for each host, and one for all together.

    Hosts of one boot are one machine, whatever they are called: it has been busy once.
    """

    interval_s = 1.0  # a look at all processes of a host takes 2 ms of it

    def __init__(
        self,
        hosts: Sequence[FarHost],
        broker: Broker,
        roots: Callable[[], Iterable[ManagedProcess]],
        generators: Callable[[], Iterable[ManagedProcess]],
    ) -> None:
        super().__init__()
        self.hosts, self.broker, self.roots, self.generators = hosts, broker, roots, generators

    def sample(self, label: str) -> list[Row]:
        """All of them now, one after the other."""
        counters = self.broker.counters(edge=bool(label)) or Counters()
        ns = time.monotonic_ns()
        told = {host.label: host.usage(self._groups(host)) for host in self.hosts}
        rows = [self._row(host.label, ns, label, told[host.label]) for host in self.hosts]
        return [self._together(ns, label, told, counters), *rows]

    def _groups(self, host: FarHost) -> dict[str, list[int]]:
        broker = [self.broker.process] if self.broker.process else []
        by_name = dict(zip(GROUPS, (self.roots(), broker, self.generators()), strict=True))
        return {
            name: [each.pid for each in processes if getattr(each, "host", None) is host]
            for name, processes in by_name.items()
        }

    def _row(self, host: str, ns: int, label: str, told: Mapping[str, Any]) -> Row:
        """Of one host; what the broker tells of itself stands in the row of all."""
        broker = told["groups"]["broker"]
        known = {
            **dict(zip(SEEN, _used(told["groups"]["workers"]), strict=True)),
            "broker_pss": broker["pss"] if broker["processes"] else NAN,
            "broker_cpu_s": broker["cpu_s"] if broker["processes"] else NAN,
            "all_cpu_s": told["all_cpu_s"],
            "instrument_cpu_s": told["keeper_cpu_s"] + told["groups"]["generators"]["cpu_s"],
            "machine_busy_s": told["busy_s"],
            "quota_cores": or_nan(told["quota_cores"]),
            "halted_core_s": or_nan(told["halted_core_s"]),
        }
        return [host, ns, label, *(known.get(name, NAN) for name in COLUMNS[2:])]

    def _together(
        self, ns: int, label: str, told: Mapping[str, Mapping[str, Any]], counters: Counters
    ) -> Row:
        every = list(told.values())
        workers = [_used(each["groups"]["workers"]) for each in every]
        serving = [each["groups"]["broker"] for each in every]
        here = [each for each in serving if each["processes"]]
        pss, cpu_s = (
            (sum(each[name] for each in here) if here else NAN) for name in ("pss", "cpu_s")
        )
        own = os.times()
        # Ours counts where our machine plays the hosts: there it takes time from them.
        boots = {host.label: str(host.channel.facts["boot"]) for host in self.hosts}
        ours = own.user + own.system if boot_id().hex() in boots.values() else 0.0
        busy = {boots[label]: each["busy_s"] for label, each in told.items()}
        halted = [or_nan(each["halted_core_s"]) for each in every]
        return [
            "",
            ns,
            label,
            *(sum(column) for column in zip(*workers, strict=True)),
            *told_or_seen(self.broker, counters, pss, cpu_s),
            sum(each["all_cpu_s"] for each in every) + ours,
            sum(each["keeper_cpu_s"] + each["groups"]["generators"]["cpu_s"] for each in every)
            + ours,
            sum(busy.values()),
            NAN,
            sum(halted) / len({*boots.values()}) if len({*boots.values()}) == 1 else sum(halted),
        ]


def _used(group: Mapping[str, float]) -> list[float]:
    return [group["pss"], group["uss"], float(group["processes"]), group["cpu_s"]]
