"""The instrument's own questions to a PostgreSQL."""

from typing import Any

from bench.model.manifest import ServerRecord


def connect(url: str) -> Any:
    """A connection that commits by itself; whatever psycopg raises if there is none to be had."""
    # Asked for only by arms that use it: where it is missing, there are no types either.
    import psycopg

    return psycopg.connect(url, connect_timeout=2, autocommit=True)


def ask(url: str, question: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of the answer, over a connection of its own."""
    with connect(url) as connection:
        return list(connection.execute(question, values).fetchall())


def described(url: str, origin: str) -> ServerRecord:
    """Its version in its own words."""
    (version,) = ask(url, "show server_version")[0]
    return ServerRecord(name="postgresql", version=str(version), origin=origin)
