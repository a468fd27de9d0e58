"""PostgreSQL, of which the operating system tells memory and CPU."""

from bench.brokers.contract import Family
from bench.brokers.postgres.embedded import EmbeddedPostgres, find_postgres
from bench.brokers.postgres.own import OwnPostgres

FAMILY = Family(
    find=lambda kind: str(find_postgres()),
    embedded=EmbeddedPostgres,
    given=lambda url, queues: OwnPostgres(url),
)
