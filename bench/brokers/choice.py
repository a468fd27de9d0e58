"""Which broker a name stands for: one of our own, or the user's if a URL was given."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.base import Queues, Reads
from bench.base.errors import UsageError
from bench.brokers.binary import find_redis, find_valkey
from bench.brokers.broker import Broker, Given
from bench.brokers.own_postgres import OwnPostgres
from bench.brokers.own_rabbit import OwnRabbit
from bench.brokers.own_redis import OwnRedis
from bench.brokers.postgres import EmbeddedPostgres
from bench.brokers.rabbitmq import EmbeddedRabbit
from bench.brokers.reading import check_reading
from bench.brokers.redis import PERSISTENCE, EmbeddedRedis
from bench.brokers.sqlite import SqliteFile
from bench.hosts.local import Host
from bench.model.arm import Arm

Servers = Mapping[str, str]  # broker → URL of the user's own server; what is not named is embedded
GIVEN = ("redis", "rabbitmq", "postgres")  # those that --redis, --rabbitmq and --postgres name


def make_broker(
    name: str,
    host: Host,
    work: Path,
    log: Path,
    push_command: str,
    queues: Sequence[str],
    servers: Servers,
) -> Broker:
    """The broker of one cell, not started yet; Unavailable with what to install."""
    if name in servers:
        return _own(name, servers[name], push_command, queues)
    if name in PERSISTENCE:
        return EmbeddedRedis(
            host, work / "redis", log, PERSISTENCE[name], push_command, find_redis()
        )
    if name == "valkey":
        return EmbeddedRedis(
            host, work / "valkey", log, PERSISTENCE["redis"], push_command, find_valkey()
        )
    if name == "rabbitmq":
        return EmbeddedRabbit(host, work / "rabbitmq", log, queues)
    if name == "postgres":
        return EmbeddedPostgres(host, work / "postgres", log)
    if name == "sqlite":
        return SqliteFile(work / "sqlite")
    raise ValueError(f"no broker is called {name!r}")


def _own(name: str, url: str, push_command: str, queues: Sequence[str]) -> Given:
    if name == "redis":
        return OwnRedis(url, push_command)
    return OwnRabbit(url, queues) if name == "rabbitmq" else OwnPostgres(url)


def queues_of(arm: Arm) -> Sequence[str]:
    """The names by which a broker such as RabbitMQ counts this arm's tasks."""
    return arm.adapter.queues if isinstance(arm.adapter, Queues) else ()


def check(arms: Sequence[Arm], servers: Servers) -> None:
    """UsageError before anything is measured: one of these arms cannot use a given server."""
    for arm in arms:
        name = arm.broker
        if name in servers:
            _check_given(arm, servers[name])
        elif "redis" in servers and name in PERSISTENCE:
            raise UsageError(
                f"@{name} wants a Redis set up for it, which is not done to yours: "
                f"leave --redis out, or choose another broker"
            )
        elif name in PERSISTENCE:
            find_redis()


def _check_given(arm: Arm, url: str) -> None:
    broker = _own(arm.broker, url, "", queues_of(arm))
    try:
        broker.start()
        broker.check_rights(arm)
    finally:
        broker.close()


def check_readings(arms: Sequence[Arm], servers: Servers) -> None:
    """UsageError if an arm's library would go elsewhere than is checked and cleaned up."""
    asked = set()
    for arm in (arm for arm in arms if arm.broker in servers and isinstance(arm.adapter, Reads)):
        if (of := (arm.adapter.name, arm.broker, arm.environment)) in asked:
            continue
        asked.add(of)
        broker = _own(arm.broker, servers[arm.broker], "", ())
        check_reading(arm, servers[arm.broker], broker.place)
