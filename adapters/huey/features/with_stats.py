"""The application with Huey's statistics on, kept in a SQLite file beside the trial's marks."""

import os
from pathlib import Path
from typing import Any

from huey.contrib.stats import HueyStats, enable_stats
from peewee import SqliteDatabase

from adapters.huey.features.trial_app import huey

DATABASE = Path(os.environ["QUEUE_BENCH_MARKS"]).parent / "stats.sqlite3"
database = SqliteDatabase(
    str(DATABASE), timeout=5, pragmas={"journal_mode": "wal", "synchronous": 1}
)


def reader() -> Any:
    """A reader of the figures that the consumer records."""
    return HueyStats(huey, database)


if os.environ.get("QUEUE_BENCH_READER") is None:
    enable_stats(huey, database)
