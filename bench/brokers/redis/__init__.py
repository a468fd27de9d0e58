"""Redis in three ways of writing to disk, and Valkey, which speaks its protocol."""

from bench.brokers.contract import Family
from bench.brokers.redis.embedded import EmbeddedRedis, find_server
from bench.brokers.redis.own import OwnRedis

FAMILY = Family(
    find=lambda kind: str(find_server(kind)),
    embedded=EmbeddedRedis,
    given=lambda url, queues: OwnRedis(url),
    far=True,
)
