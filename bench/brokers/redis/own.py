"""The user's Redis: it must be empty before a cell, and gets back as it was."""

import fnmatch
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import NoPermissionError

from adapters.base import Sends
from bench.base.errors import Unavailable, UsageError
from bench.brokers.contract import Counters
from bench.brokers.redis.acl import refused
from bench.brokers.redis.connection import RedisBroker
from bench.brokers.redis.url import checked, reason
from bench.brokers.urls import cleaned, shown
from bench.hosts.process import Process
from bench.model.arm import Arm
from bench.model.manifest import ServerRecord


class OwnRedis(RedisBroker):
    """SCAN and UNLINK are all that it must allow; what else it refuses to tell is unknown."""

    def __init__(self, url: str, push_command: str) -> None:
        super().__init__(push_command)
        self.url = url
        self.place = checked(url)

    @property
    def _name(self) -> str:
        return f"the Redis at {shown(self.url)}"

    def counters(self, edge: bool) -> Counters | None:
        """None: whoever else uses this server stands in its counters too."""
        return None

    def start(self) -> None:
        """Reach it, and refuse one that holds keys."""
        self.check_clean()
        self.process = self._local_process()

    def _local_process(self) -> Process | None:
        """Its process if it runs on this machine: then what it burns for us is no foreign load."""
        if not self.place.local:
            return None
        try:
            pid = int(self._info()["process_id"])
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace")
        except (KeyError, ValueError, OSError):
            return None  # it does not say, or in a container it has another pid than we see
        return Process(pid) if name.startswith(("redis", "valkey")) else None

    def _info(self) -> Mapping[str, Any]:
        """The section `server` of INFO; empty where an ACL or its provider forbids the question."""
        try:
            info: dict[str, Any] = self.client().info("server")
        except (redis.RedisError, OSError):
            return {}
        return info

    def describe(self) -> ServerRecord:
        """The version that it tells, or `unknown`."""
        version = str(self._info().get("redis_version", "unknown"))
        return ServerRecord(name="redis", version=version, origin="--redis")

    def kill(self) -> int:
        """Unavailable: it is not ours."""
        raise Unavailable("faults of the broker are not done to a Redis given by --redis")

    def check_clean(self) -> None:
        """UsageError in one line if it cannot be reached or is not empty; no key is touched."""
        if self._asked_for("+scan", lambda: next(self._keys(), None)) is None:
            return
        raise UsageError(
            f"database {self.place.database} of {self._name} holds {self._how_many()}keys: "
            f"give an empty database, such as …/15; nothing was touched"
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
                f"{self._name} does not let its user do what {arm.name} needs: "
                f"ACL SETUSER … {' '.join(missing)}, or name another user in --redis"
            )

    def _keys(self) -> Iterator[bytes]:
        return self.client().scan_iter(count=1000)

    def _how_many(self) -> str:
        try:
            return f"{int(self.client().dbsize())} "
        except redis.RedisError:
            return ""

    def _asked_for(self, right: str, question: Callable[[], Any]) -> Any:
        """The answer; UsageError in one line whatever keeps the server from giving it."""
        try:
            return question()
        except NoPermissionError as error:
            lacking = f"the right {right}" if right else f"a right ({cleaned(error, self.url)})"
            raise UsageError(
                f"{self._name} does not give its user {lacking}: "
                f"ACL SETUSER … {right or '+@all'}, or name another user in --redis"
            ) from None
        except (redis.RedisError, OSError, ValueError) as error:
            raise UsageError(f"{self._name} {reason(error, self.url)}") from None

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Delete the keys that appeared, by name, only if the adapter declares all of them."""
        keys = list(self._asked_for("+scan", lambda: list(self._keys())))
        names = [key.decode(errors="replace") for key in keys]
        strange = [name for name in names if not _declared(name, patterns)]
        if strange:
            raise UsageError(
                f"keys that no adapter declares appeared in {shown(self.url)}: "
                f"{', '.join(sorted(strange)[:5])}; look at them, the run stops here"
            )
        for at in range(0, len(keys), 1000):
            self._asked_for("+unlink", partial(self.client().unlink, *keys[at : at + 1000]))


def _declared(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
