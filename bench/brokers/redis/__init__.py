"""Redis in three ways of writing to disk, and Valkey, which speaks its protocol."""

from bench.brokers.contract import Family, Request
from bench.brokers.redis.binary import ServerBinary, find_redis, find_valkey
from bench.brokers.redis.embedded import PERSISTENCE, EmbeddedRedis
from bench.brokers.redis.own import OwnRedis
from bench.model.broker import BrokerKind


def _server(kind: BrokerKind) -> ServerBinary:
    return find_valkey() if kind.name == "valkey" else find_redis()


def _embedded(request: Request) -> EmbeddedRedis:
    return EmbeddedRedis(
        request.host,
        request.folder,
        request.log,
        PERSISTENCE[request.kind.name],
        request.push_command,
        _server(request.kind),
    )


FAMILY = Family(
    find=lambda kind: str(_server(kind)),
    embedded=_embedded,
    given=lambda url, push_command, queues: OwnRedis(url, push_command),
)
