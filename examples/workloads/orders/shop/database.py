"""Where the shop writes: a SQLite file, or the PostgreSQL that SHOP_DATABASE names by its URL."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# A file beside the worker unless told: bench gives each cell a folder of its own, so each begins
# with an empty shop.
DATABASE = os.environ.get("SHOP_DATABASE", "shop.db")
POSTGRES = DATABASE.startswith(("postgresql://", "postgres://"))
WAIT_S = 30.0  # for the lock of SQLite, which has one writer at a time
TABLES = (
    "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, customer TEXT, cents INTEGER)",
    "CREATE TABLE IF NOT EXISTS order_lines (id TEXT, sku TEXT, quantity INTEGER)",
    "CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, pieces INTEGER)",
    "CREATE TABLE IF NOT EXISTS outbox (recipient TEXT, message TEXT)",
    "CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY, entry TEXT, digest TEXT)",
)
Execute = Callable[..., Sequence[Sequence[Any]]]
_own = threading.local()


@contextmanager
def transaction() -> Iterator[Execute]:
    """A transaction that may write: call what it gives with a statement and its values.

    It is committed at the end, or rolled back if something is raised.
    """
    connection = _connection()
    # SQLite: the lock is taken now. Taken at the first write, two readers could block each other.
    connection.execute("BEGIN" if POSTGRES else "BEGIN IMMEDIATE")
    try:
        yield lambda statement, *values: _rows(connection, statement, values)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def lock(execute: Execute, table: str) -> None:
    """From now on nobody else writes to this table until the transaction ends."""
    if POSTGRES:
        execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")


# Any: the connections of two drivers, of which one need not be installed.
def _connection() -> Any:
    """The connection of this thread of this process: none is shared across a fork."""
    if getattr(_own, "pid", None) != os.getpid():
        _own.pid, _own.connection = os.getpid(), _connected()
        with transaction() as execute:
            if POSTGRES:
                # Two workers that make the same table at the same time: one of them would fail.
                execute("SELECT pg_advisory_xact_lock(21)")
            for table in TABLES:
                execute(table)
    return _own.connection


def _connected() -> Any:
    if POSTGRES:
        import psycopg

        return psycopg.connect(DATABASE, autocommit=True)
    import sqlite3

    return sqlite3.connect(DATABASE, timeout=WAIT_S, isolation_level=None)


def _rows(connection: Any, statement: str, values: Sequence[object]) -> Sequence[Sequence[Any]]:
    cursor = connection.execute(statement.replace("?", "%s") if POSTGRES else statement, values)
    return list(cursor.fetchall()) if cursor.description else []
