"""The user's PostgreSQL database: it must hold no table before a cell."""

import fnmatch
from collections.abc import Sequence
from typing import Any

from bench.base.errors import Unavailable, UsageError
from bench.brokers.contract import Counters, Place
from bench.brokers.postgres.connection import connect, version_of
from bench.brokers.urls import ENCODE, cleaned, read, shown
from bench.hosts.process import Process
from bench.model.arm import Arm
from bench.model.broker import KINDS
from bench.model.manifest import ServerRecord

FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
SCHEMES = [scheme.name for scheme in KINDS["postgres"].schemes]
_TABLES = "select tablename from pg_tables where schemaname = current_schema() order by 1"
_MAY = "select current_schema(), has_schema_privilege(current_schema(), 'CREATE')"


class OwnPostgres:
    """Only the schema in which its tables are created is looked at."""

    by_os = False
    ours = False
    process: Process | None = None

    def __init__(self, url: str) -> None:
        self.url = url
        parts = read(url)
        if parts is None or parts.scheme not in SCHEMES:
            raise UsageError(
                f"the URL of --postgres ({shown(url)}) cannot be read: write {FORM}; {ENCODE}"
            )

    @property
    def _name(self) -> str:
        return f"the PostgreSQL at {shown(self.url)}"

    @property
    def place(self) -> Place:
        """Where its client has gone with the URL."""
        with self._connect() as connection:
            known = connection.info
            return Place.of(known.host, known.port, known.dbname)

    def _connect(self) -> Any:
        """A connection; UsageError in one line if there is none to be had."""
        try:
            return connect(self.url)
        except ImportError:
            raise
        except Exception as error:  # psycopg has its own hierarchy, and a bad URL another
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> UsageError:
        # The last line says what it is about; the first ones repeat the address.
        lines = str(error).strip().splitlines() or [""]
        words = cleaned(lines[-1], self.url)[:160] or type(error).__name__
        advice = "correct --postgres"
        if "certificate" in words:
            advice = "name its authority by ?sslmode=verify-full&sslrootcert=/PATH/ca.pem"
        return UsageError(f"{self._name} says {words!r}: start it, or {advice}")

    def _ask(self, question: str) -> list[Any]:
        with self._connect() as connection:
            try:
                return list(connection.execute(question).fetchall())
            except Exception as error:
                raise self._refusal(error) from None

    def start(self) -> None:
        """Reach it, and refuse one that holds tables."""
        if tables := self._tables():
            raise UsageError(
                f"the database at {shown(self.url)} has a table {tables[0]!r}: "
                f"give an empty database; nothing was touched"
            )

    def _tables(self) -> list[str]:
        return [row[0] for row in self._ask(_TABLES)]

    def check_rights(self, arm: Arm) -> None:
        """UsageError if no table may be made: from version 15 on only the owner may as shipped."""
        schema, may = self._ask(_MAY)[0]
        if schema is None:
            raise UsageError(f"{self._name} has no schema for its user: create schema public")
        if not may:
            raise UsageError(
                f"{self._name} does not let its user make the tables that {arm.name} needs: "
                f"grant create on schema {schema} to …, or name the owner"
            )

    def kill(self) -> int:
        """Unavailable: it is not ours."""
        raise Unavailable("faults of the broker are not done to a PostgreSQL given by --postgres")

    def counters(self, edge: bool) -> Counters | None:
        """None: whoever else uses it stands in its figures too."""
        return None

    def describe(self) -> ServerRecord:
        """Its version in its own words."""
        return ServerRecord(name="postgresql", version=version_of(self.url), origin="--postgres")

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Drop the tables that appeared, only if the system declares every one of them."""
        tables = self._tables()
        strange = [name for name in tables if not _declared(name, patterns)]
        if strange:
            raise UsageError(
                f"tables that no adapter declares appeared in {shown(self.url)}: "
                f"{', '.join(strange[:5])}; look at them, the run stops here"
            )
        with self._connect() as connection:
            for name in tables:
                connection.execute(f'drop table "{name}"')

    def close(self) -> None:
        """Nothing is kept open."""


def _declared(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
