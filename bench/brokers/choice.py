"""Which broker a name stands for: one of our own, or the user's if a URL was given."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.brokers.base import Broker
from bench.brokers.binary import find_redis, find_valkey
from bench.brokers.postgres import EmbeddedPostgres, OwnPostgres
from bench.brokers.rabbitmq import EmbeddedRabbit, OwnRabbit
from bench.brokers.redis import PERSISTENCE, EmbeddedRedis, OwnRedis
from bench.brokers.sqlite import SqliteFile
from bench.errors import UsageError
from bench.host import Host

Servers = Mapping[str, str]  # broker → URL of the user's own server; what is not named is embedded
GIVEN = ("redis", "rabbitmq", "postgres")  # those that --redis, --rabbitmq and --postgres name


def make_broker(name: str, host: Host, work: Path, log: Path, push_command: str, queues: Sequence[str], servers: Servers) -> Broker:
    """The broker of one cell, not started yet; Unavailable with what to install."""
    if name in servers:
        return _own(name, servers[name], push_command, queues)
    if name in PERSISTENCE:
        return EmbeddedRedis(host, work / "redis", log, PERSISTENCE[name], push_command, find_redis())
    if name == "valkey":
        return EmbeddedRedis(host, work / "valkey", log, PERSISTENCE["redis"], push_command, find_valkey())
    if name == "rabbitmq":
        return EmbeddedRabbit(host, work / "rabbitmq", log, queues)
    if name == "postgres":
        return EmbeddedPostgres(host, work / "postgres", log)
    if name == "sqlite":
        return SqliteFile(work / "sqlite")
    raise ValueError(f"no broker is called {name!r}")


def _own(name: str, url: str, push_command: str, queues: Sequence[str]) -> Broker:
    if name == "redis":
        return OwnRedis(url, push_command)
    return OwnRabbit(url, queues) if name == "rabbitmq" else OwnPostgres(url)


def check(name: str, servers: Servers) -> None:
    """UsageError before anything is measured: a given server is not to be reached, or the arm wants one set up in a way that is not done to it."""
    if name in servers:
        broker = _own(name, servers[name], "", ())
        try:
            broker.start()
        finally:
            broker.close()
    elif "redis" in servers and name in PERSISTENCE:
        raise UsageError(f"@{name} wants a Redis set up for it, which is not done to yours: leave --redis out, or choose another broker")
    elif name in PERSISTENCE:
        find_redis()
