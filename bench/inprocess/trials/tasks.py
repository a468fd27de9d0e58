"""The bodies of the trials' tasks: plain functions that each system wraps as its users do."""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from bench.inprocess.trials.mark import MARKS, mark


def touch(name: str, **facts: Any) -> str:
    """Leave a mark, return its name."""
    mark(name, **facts)
    return name


def add(x: int, y: int) -> int:
    """The sum of two numbers, with a mark."""
    mark("add")
    return x + y


def echo(value: Any) -> Any:
    """Return the value unchanged, with a mark."""
    mark("echo")
    return value


def nap(name: str, seconds: float) -> str:
    """Sleep between two marks."""
    mark(f"{name}:start")
    time.sleep(seconds)
    mark(f"{name}:end")
    return name


async def coroutine(name: str, seconds: float) -> str:
    """A nap as a coroutine."""
    mark(f"{name}:start")
    await asyncio.sleep(seconds)
    mark(f"{name}:end")
    return name


def careful(name: str, seconds: float) -> str:
    """Sleep in small steps; when told that the time is over, clean up."""
    mark(f"{name}:start")
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.05)
    except Exception as error:
        mark("caught", kind=type(error).__name__)
        time.sleep(0.1)
        mark("cleaned")
        return name
    mark(f"{name}:end")
    return name


def boom(text: str) -> None:
    """Fail with a ValueError of this text."""
    mark("boom")
    raise ValueError(text)


def flaky(fails: int) -> str:
    """Fail so many times, then succeed."""
    mark("try")
    with open(os.environ[MARKS], encoding="utf-8") as file:
        tries = sum(json.loads(line)["name"] == "try" for line in file)
    if tries <= fails:
        raise ValueError(f"try {tries}")
    mark("succeeded")
    return "done"


def big(size: int) -> str:
    """A text of `size` characters, rounded down to a multiple of 16."""
    return "0123456789abcdef" * (size // 16)


def step(value: int, number: int) -> int:
    """One more than the value; its own number stands in the mark."""
    mark("step", number=number)
    return value + 1


def total(values: Sequence[int]) -> int:
    """The sum of the results of many tasks, with a mark that it was asked for."""
    mark("callback")
    return sum(values)


def look(kind: str, row: int, database: str) -> bool:
    """Is this row of the application's database there already?"""
    with closing(sqlite3.connect(database, timeout=5)) as connection:
        there = connection.execute("SELECT 1 FROM orders WHERE id = ?", (row,)).fetchone()
    mark("look", kind=kind, row=row, there=there is not None)
    return there is not None
