"""SQLite: a file of the cell; there is no server, so none can be killed or asked."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bench.base.errors import NotOffered
from bench.brokers.contract import Counters, Family
from bench.hosts.process import Process
from bench.model.manifest import ServerRecord


class SqliteFile:
    """The path that the library opens for itself."""

    by_os = False
    ours = True
    process: Process | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite://{folder / 'queue.db'}"

    def start(self) -> None:
        """Make the folder; the library makes the file."""
        self.folder.mkdir(exist_ok=True)

    def kill(self) -> int:
        """NotOffered, always."""
        raise NotOffered(
            "SQLite has no server: the queue is a file that the workers open themselves"
        )

    def counters(self, edge: bool) -> Counters | None:
        """None: nobody counts."""
        return None

    def describe(self) -> ServerRecord:
        """The library inside Python."""
        return ServerRecord(name="sqlite", version=sqlite3.sqlite_version, origin="Python")

    def clean_up(self, patterns: Sequence[str]) -> None:
        """The file goes with the cell."""

    def close(self) -> None:
        """Nothing is open."""


FAMILY = Family(
    find=lambda kind: f"SQLite {sqlite3.sqlite_version} inside Python",
    embedded=lambda request: SqliteFile(request.folder),
)
