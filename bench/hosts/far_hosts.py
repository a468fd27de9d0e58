"""The hosts of a run, each behind its channel, by the role that it has."""

import secrets
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.base.errors import CellFailed, UsageError
from bench.hosts import dask_cluster, ssh
from bench.hosts.channel import Channel
from bench.hosts.far_host import FarHost
from bench.hosts.netns import namespaces
from bench.inprocess.event_log import boot_id
from bench.model.placement import Placement

LOOK_S = 2.0  # so often whoever waits for another bench asks again
Pair = tuple[str, str]
Rows = list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class FarHosts:
    """Hosts that answer. Those that send ping those that work, ten times a second, while a cell
    lasts; nobody without `token` is answered."""

    placement: Placement
    broker: FarHost | None
    senders: Sequence[FarHost]
    workers: Sequence[FarHost]
    token: bytes

    @property
    def all(self) -> list[FarHost]:
        """Each of them once."""
        return [*([self.broker] if self.broker else []), *self.senders, *self.workers]

    def lock(self, wait: bool) -> None:
        """Keep every other bench from measuring on them; on our own machine we do already."""
        by_boot = {host.channel.facts["boot"]: host for host in self.all}
        by_boot.pop(boot_id().hex(), None)
        for host in by_boot.values():
            while (why := _locked(host)) and wait:
                time.sleep(LOOK_S)
            if why:
                raise UsageError(why)

    @property
    def one_machine(self) -> bool:
        """Whether one machine plays all of them."""
        return len({host.channel.facts["boot"] for host in self.all}) == 1

    def slots(self, total: int, hosts: int) -> list[int]:
        """So many on each of the first `hosts` worker hosts: as the file counts them where they
        come to that, else as evenly as can be."""
        counted = list(self.placement.workers.values())[:hosts]
        if None not in counted and sum(each or 0 for each in counted) == total:
            return [each or 0 for each in counted]
        least, more = divmod(total, hosts)
        return [least + (number < more) for number in range(hosts)]

    def start_pings(self) -> None:
        """From now on; what was heard before is forgotten."""
        for host in self.senders:
            targets = {
                each.label: (each.address, each.echo_port)
                for each in self.workers
                if each.channel.clock != host.channel.clock
            }
            host.channel.ask("ping", self.token, address=host.address, targets=targets)

    def pings(self) -> Mapping[Pair, Rows]:
        """What has come back: (sent, seen, answered, returned) by the clocks of the two."""
        clocks = {host.label: host.channel.clock for host in self.workers}
        found: dict[Pair, Rows] = {}
        for host in self.senders:
            told, stamps = host.channel.order("pings")
            values = array("q", stamps)
            rows = list(zip(*[iter(values)] * 4, strict=True))
            for label, count in told["counts"].items():
                pair = host.channel.clock, clocks[label]
                found.setdefault(pair, []).extend(rows[:count])
                rows = rows[count:]
        return found

    def stop_pings(self) -> None:
        """Between cells nothing goes between the hosts."""
        for host in self.senders:
            if not host.channel.lost():
                host.channel.ask("unping")


@contextmanager
def opened(placement: Placement, says: Path, wait: bool = False) -> Iterator[FarHosts]:
    """Keepers on all of them, which end with this; `says` is a folder for what ssh has to say.

    UsageError in one line for a host that cannot be reached or used, or on which another bench
    measures, unless we are to `wait` for that.
    """
    with ExitStack() as stack:
        found = stack.enter_context(ways(placement))
        labels = placement.labels()
        hosts: dict[str, FarHost] = {}
        for name in placement.hosts:
            argv, address = found[name]
            label = labels[name]
            channel = Channel(label, argv, says / f"{label}.txt", ssh.VARIABLES)
            stack.enter_context(channel)
            hosts[name] = FarHost(channel, address or ssh.address_of(channel, label))
        ours = gathered(placement, hosts)
        ours.lock(wait)
        yield ours


def gathered(placement: Placement, hosts: Mapping[str, FarHost]) -> FarHosts:
    """Hosts that answer, by their roles; UsageError where two are one, or one has no such address
    as it is taken to have."""
    if placement.engine == "ssh":
        _refuse_alike(hosts)
    token = secrets.token_bytes(16)
    for name in placement.workers:
        _echo(hosts[name], token)
    return FarHosts(
        placement,
        hosts[placement.broker] if placement.broker else None,
        [hosts[name] for name in placement.generators],
        [hosts[name] for name in placement.workers],
        token,
    )


@contextmanager
def ways(placement: Placement) -> Iterator[dict[str, tuple[list[str], str]]]:
    """The command that leads to each host, and its address where that is known before."""
    if placement.engine == "netns":
        labels = placement.labels()
        with namespaces([labels[name] for name in placement.hosts]) as made:
            yield {
                name: (host.keeper(), host.address)
                for name, host in zip(placement.hosts, made, strict=True)
            }
        return
    if placement.engine == "dask":
        yield {
            name: (dask_cluster.command(placement.cluster, name), dask_cluster.address_of(name))
            for name in placement.hosts
        }
        return
    given = {placement.broker: placement.address}
    yield {name: (ssh.command(name), given.get(name, "")) for name in placement.hosts}


def _refuse_alike(hosts: Mapping[str, FarHost]) -> None:
    """UsageError for two names of one host: one of its clocks would be held against itself, and
    broker and workers would share its cores."""
    seen: dict[str, str] = {}
    for name, host in hosts.items():
        if (before := seen.setdefault(host.channel.clock, name)) != name:
            raise UsageError(f"{before} and {name} are one host: give each role a host of its own")


def _locked(host: FarHost) -> str:
    """Why its lock is not ours; empty where it is now."""
    try:
        host.channel.ask("lock")
    except CellFailed as failed:
        if host.channel.lost():
            raise
        return str(failed)
    return ""


def _echo(host: FarHost, token: bytes) -> None:
    try:
        host.echo_port = int(host.channel.ask("echo", token, address=host.address)["port"])
    except CellFailed as failed:
        raise UsageError(
            f"{failed}: its address is taken to be {host.address}, which it does not have"
        ) from None
