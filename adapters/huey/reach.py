"""Where Huey's storage leads: redis-py or psycopg reads the URL."""

from huey import RedisHuey

from bench.inprocess.cell_context import broker
from bench.inprocess.connection_target import Targets, print_targets, redis_target


def ask() -> Targets:
    """Connect as app.py does; nothing is created."""
    url = broker()
    if url.startswith("postgres"):
        return [_postgres(url)]
    return [redis_target(RedisHuey("bench", url=url).storage.conn)]


def _postgres(url: str) -> tuple[str, object]:
    import psycopg
    from huey import PostgresHuey

    # Without tables: making them is the first thing that the storage does otherwise.
    PostgresHuey("bench", dsn=url, create_tables=False)
    with psycopg.connect(url, connect_timeout=5) as connection:
        return f"{connection.info.host.lower()}:{connection.info.port}", connection.info.dbname


if __name__ == "__main__":
    print_targets(ask)
