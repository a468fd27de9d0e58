"""The user's PostgreSQL database: it must hold no table before a cell."""

from collections.abc import Sequence
from typing import Any

from bench.base.errors import UsageError
from bench.brokers.contract import Place
from bench.brokers.postgres.connection import connect, described
from bench.brokers.servers import GivenServer
from bench.brokers.urls import cleaned, read_given, shown
from bench.model.arm import Arm
from bench.model.manifest import ServerRecord


class OwnPostgres(GivenServer):
    """Only the schema in which its tables are created is looked at."""

    family = "postgres"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        read_given(url, "postgres", "postgresql://USER:PASSWORD@HOST:PORT/DATABASE")

    @property
    def place(self) -> Place:
        """Where its client has gone with the URL."""
        with self._connect() as connection:
            return Place.of(connection.info.host, connection.info.port, connection.info.dbname)

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
        authority = "name its authority by ?sslmode=verify-full&sslrootcert=/PATH/ca.pem"
        advice = authority if "certificate" in words else "correct --postgres"
        return UsageError(f"{self.name} says {words!r}: start it, or {advice}")

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
        return [
            row[0]
            for row in self._ask(
                "select tablename from pg_tables where schemaname = current_schema() order by 1"
            )
        ]

    def check_rights(self, arm: Arm) -> None:
        """UsageError if no table may be made: from version 15 on only the owner may as shipped."""
        schema, may = self._ask(
            "select current_schema(), has_schema_privilege(current_schema(), 'CREATE')"
        )[0]
        if schema is None:
            raise UsageError(f"{self.name} has no schema for its user: create schema public")
        if not may:
            raise UsageError(
                f"{self.name} does not let its user make the tables that {arm.name} needs: "
                f"grant create on schema {schema} to …, or name the owner"
            )

    def describe(self) -> ServerRecord:
        """Its version in its own words."""
        return described(self.url, "--postgres")

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Drop the tables that appeared, only if the system declares every one of them."""
        tables = self._tables()
        self.check_declared("tables", tables, patterns)
        with self._connect() as connection:
            for name in tables:
                connection.execute(f'drop table "{name}"')
