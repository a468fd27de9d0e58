"""The environment of a process that bench starts: built from a list, never inherited.

A worker that inherits `CELERY_BROKER_URL` takes its tasks from the user's own queue.
"""

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

KEPT = (
    *("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_*"),
    *("LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
PLACES = ("HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
LISTS = ("PATH", "LD_LIBRARY_PATH")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
# Beside what an adapter names: what Python, its allocator, the brokers and their clients read.
READ = (
    *("PYTHON*", "DJANGO_*", "LD_PRELOAD", "MALLOC_*", "GLIBC_TUNABLES", "OMP_NUM_THREADS"),
    *("REDIS_*", "RABBITMQ_*", "AMQP_*", "ERL_*", "PG*", "SQLITE_*", "BROKER_*", "RESULT_BACKEND"),
    *("GEVENT_*", "EVENTLET_*", "GREENLET_*", "FORKED_BY_MULTIPROCESSING"),
)
_taken: set[str] = set()  # what is out already, so that it can still be named
LOOPBACK = "127.0.0.1,localhost,::1"
SHORTEST_SECRET = 4  # a value such as "1" stands in every second sentence


def built(
    extra: Mapping[str, str] | None = None, passed: Iterable[str] = (), kept: Iterable[str] = ()
) -> dict[str, str]:
    """The environment of a process: what is on the list, what the user handed on by name, `extra`.

    `kept` are further patterns of names, for a program that is none of the measured ones. Where a
    proxy is handed on, loopback does not go through it.
    """
    wanted = set(passed)
    patterns = (*KEPT, *kept)
    variables = {
        name: _absolute(name, value)
        for name, value in os.environ.items()
        if name in wanted or matches(name, patterns)
    }
    if any(name.lower() in PROXIES for name in variables):
        # Whoever reads both takes the small one: theirs must be in it, however they wrote it.
        theirs = variables.get("no_proxy") or variables.get("NO_PROXY")
        no_proxy = ",".join(filter(None, (theirs, LOOPBACK)))
        variables |= dict.fromkeys(("no_proxy", "NO_PROXY"), no_proxy)
    return variables | dict(extra or {})


def _absolute(name: str, value: str) -> str:
    """A place that is given relative to our folder means the same to a process in another one."""
    if name in LISTS:
        return os.pathsep.join(os.path.abspath(each) for each in value.split(os.pathsep) if each)
    return os.path.abspath(value) if name in PLACES and value else value


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a variable's name is one of these, as the shell reads `*`."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def strange(patterns: Iterable[str] = (), passed: Iterable[str] = ()) -> list[str]:
    """The names of the user's variables that a measured process would have read, sorted.

    `patterns` are those that the adapters name, beside `READ`; what is handed on is not among them.
    """
    readable, handed = (*READ, *patterns), set(passed)
    there = {name for name in os.environ if matches(name, readable) and name not in handed}
    return sorted(there | _taken)


def take_out(patterns: Iterable[str] = (), passed: Iterable[str] = ()) -> list[str]:
    """Take these out of our own environment too, and give their names.

    The instrument uses the same clients: `PGSSLMODE` of the user would keep it from a cell's own
    PostgreSQL.
    """
    names = strange(patterns, passed)
    for name in names:
        os.environ.pop(name, None)
    _taken.update(names)
    return names


def hidden(text: str, names: Iterable[str]) -> str:
    """The text without the values of these variables, nor the password of one that is a URL."""
    for name in names:
        value = os.environ.get(name, "")
        password = value.partition("://")[2].rpartition("@")[0].partition(":")[2]
        for secret in (each for each in (value, password) if len(each) >= SHORTEST_SECRET):
            text = text.replace(secret, f"${name}")
    return text
