"""The user's Redis: it must be empty before a cell, and gets back as it was."""

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import NoPermissionError

from adapters.base import Sends
from bench.base.errors import UsageError
from bench.brokers.redis.acl import refused
from bench.brokers.redis.connection import RedisClient
from bench.brokers.redis.url import checked, reason
from bench.brokers.servers import GivenServer
from bench.brokers.urls import cleaned
from bench.hosts.process import Process
from bench.model.arm import Arm
from bench.model.manifest import ServerRecord


class OwnRedis(RedisClient, GivenServer):
    """SCAN and UNLINK are all that it must allow; what else it refuses to tell is unknown."""

    family = "redis"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.place = checked(url)

    def start(self) -> None:
        """UsageError in one line if it cannot be reached or is not empty; no key is touched."""
        key = self._asked_for("+scan", lambda: next(self.client().scan_iter(count=1000), None))
        if key is not None:
            raise UsageError(
                f"database {self.place.database} of {self.name} holds {self._how_many()}keys: "
                f"give an empty database, such as …/15; nothing was touched"
            )
        self.process = self._local_process()

    def _local_process(self) -> Process | None:
        """Its process if it runs on this machine: then what it burns for us is no foreign load."""
        if not self.place.local:
            return None
        try:
            pid = int(self._server_info("process_id", ""))
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace")
        except (ValueError, OSError):
            return None  # it does not say, or in a container it has another pid than we see
        return Process(pid) if name.startswith(("redis", "valkey")) else None

    def _server_info(self, name: str, unknown: str) -> str:
        """What INFO tells of the server; an ACL or its provider may forbid the question."""
        try:
            return str(self.client().info("server").get(name, unknown))
        except (redis.RedisError, OSError):
            return unknown

    def describe(self) -> ServerRecord:
        """The version that it tells, or `unknown`."""
        return ServerRecord(
            name="redis", version=self._server_info("redis_version", "unknown"), origin="--redis"
        )

    def check_rights(self, arm: Arm) -> None:
        """UsageError that names what its user may not do; nothing is carried out."""
        pattern = arm.adapter.key_patterns[0]
        name = pattern.replace("*", secrets.token_hex(8))  # names no key
        self._asked_for(f"+unlink ~{pattern}", lambda: self.client().unlink(name))
        if not isinstance(arm.adapter, Sends):
            return
        commands = arm.adapter.redis_commands(arm.launch(1), self.place.database)
        if missing := self._asked_for("", lambda: refused(self.client(), commands)):
            raise UsageError(
                f"{self.name} does not let its user do what {arm.name} needs: "
                f"ACL SETUSER … {' '.join(missing)}, or name another user in --redis"
            )

    def _how_many(self) -> str:
        try:
            return f"{int(self.client().dbsize())} "
        except redis.RedisError:
            return ""

    def _asked_for(self, right: str, question: Callable[[], Any]) -> Any:
        """The answer; UsageError in one line whatever keeps the server from giving it.

        redis-py types what it answers for a blocking and an asynchronous client at once.
        """
        try:
            return question()
        except NoPermissionError as error:
            lacking = f"the right {right}" if right else f"a right ({cleaned(error, self.url)})"
            raise UsageError(
                f"{self.name} does not give its user {lacking}: "
                f"ACL SETUSER … {right or '+@all'}, or name another user in --redis"
            ) from None
        except (redis.RedisError, OSError, ValueError) as error:
            raise UsageError(f"{self.name} {reason(error, self.url)}") from None

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Delete the keys that appeared, by name, only if the adapter declares all of them."""
        keys = list(self._asked_for("+scan", lambda: list(self.client().scan_iter(count=1000))))
        self.check_declared("keys", [key.decode(errors="replace") for key in keys], patterns)
        for at in range(0, len(keys), 1000):
            self._asked_for("+unlink", partial(self.client().unlink, *keys[at : at + 1000]))
