"""The instrument's own questions to a PostgreSQL."""

from typing import Any


def connect(url: str) -> Any:
    """A connection that commits by itself; whatever psycopg raises if there is none to be had."""
    import psycopg  # asked for only by arms that use it

    return psycopg.connect(url, connect_timeout=2, autocommit=True)


def version_of(url: str) -> str:
    """server_version, in the server's own words."""
    with connect(url) as connection:
        return str(connection.execute("show server_version").fetchone()[0])
