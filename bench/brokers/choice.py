"""Which broker a name stands for: one of our own, or the user's if a URL was given."""

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path

from adapters.base import Queues, Reads
from bench.base.errors import Unavailable, UsageError
from bench.brokers.contract import Broker, Family, Given, Request
from bench.brokers.reading import check_reading
from bench.hosts.cell_host import CellHost
from bench.model.arm import Arm
from bench.model.broker import KINDS, BrokerKind

Servers = Mapping[str, str]  # kind → URL of the user's own server; what is not named is embedded


def live(kind: BrokerKind) -> Family:
    """The live part of its family."""
    family: Family = import_module(f"bench.brokers.{kind.family}").FAMILY
    return family


def make_broker(
    name: str,
    host: CellHost,
    work: Path,
    log: Path,
    push_command: str,
    queues: Sequence[str],
    servers: Servers,
) -> Broker:
    """The broker of one cell, not started yet; Unavailable with what to install."""
    if name in servers:
        return _given(name, servers[name], queues)
    kind = KINDS[name]
    if host.label and not live(kind).far:
        raise Unavailable(f"a {kind.title} is not started on another host: give [broker] url")
    return live(kind).embedded(Request(kind, host, work / kind.family, log, push_command, queues))


def _given(name: str, url: str, queues: Sequence[str]) -> Given:
    make = live(KINDS[name]).given
    assert make is not None, f"no option names a {name} of the user's"
    return make(url, queues)


def queues_of(arm: Arm) -> Sequence[str]:
    """The names by which a broker such as RabbitMQ counts this arm's tasks."""
    return arm.adapter.queues if isinstance(arm.adapter, Queues) else ()


def check(arms: Sequence[Arm], servers: Servers) -> None:
    """UsageError before anything is measured: an arm cannot use the server that it would get."""
    for arm in arms:
        kind = KINDS[arm.broker]
        main = KINDS[kind.family]
        if kind.name in servers:
            with closing(_given(arm.broker, servers[kind.name], queues_of(arm))) as server:
                server.start()
                server.check_rights(arm)
        elif main.name in servers and main.title == kind.title:
            raise UsageError(
                f"@{kind.name} wants a {kind.title} set up for it, which is not done to yours: "
                f"leave --{main.name} out, or choose another broker"
            )
        else:
            with suppress(Unavailable):  # its cells will say so, and the others are measured
                live(kind).find(kind)


def check_readings(arms: Sequence[Arm], servers: Servers) -> None:
    """UsageError if an arm's library would go elsewhere than is checked and cleaned up."""
    askers = {
        (arm.adapter.name, arm.broker, arm.environment): arm
        for arm in arms
        if arm.broker in servers and isinstance(arm.adapter, Reads)
    }
    for arm in askers.values():
        url = servers[arm.broker]
        check_reading(arm, url, _given(arm.broker, url, ()).place)
