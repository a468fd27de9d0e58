"""What is installed here, and what of it `make install` does not bring.

A library may import what it finds, and weigh more for it. Huey imports psycopg wherever it is
installed: that alone made its consumer 9 MB larger in a run that was thrown away.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distributions, requires, version

PROJECT = "queue-bench"
TOOLS = {"pip", "setuptools", "wheel"}


def beyond_install(project: str = PROJECT) -> list[str]:
    """The names of all distributions here that the project does not need, sorted.

    Its extras do not count as needed. Empty where the project itself is not installed.
    """
    from packaging.utils import canonicalize_name

    try:
        requires(project)
    except PackageNotFoundError:
        return []
    return sorted(
        {canonicalize_name(str(each.metadata["Name"])) for each in distributions()}
        - TOOLS
        - needed_by([project])
    )


def needed_by(requirements: Iterable[str]) -> set[str]:
    """The names in these requirements and of all that they need, as far as it is installed here."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    todo = list(map(Requirement, requirements))
    visited: set[tuple[str, frozenset[str]]] = set()
    while todo:
        wanted = todo.pop()
        key = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if key in visited:
            continue
        visited.add(key)
        with suppress(PackageNotFoundError):  # a requirement of another platform
            todo += [
                each
                for each in map(Requirement, requires(wanted.name) or ())
                if each.marker is None
                or any(each.marker.evaluate({"extra": extra}) for extra in wanted.extras or {""})
            ]
    return {name for name, _ in visited}


def names_in(requirements: Iterable[str]) -> tuple[str, ...]:
    """The names alone, without extras and versions."""
    return tuple(re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in requirements)


def installed(names: Iterable[str] | None = None) -> dict[str, str]:
    """Distribution → version, of these names or, without names, of all that are installed.

    Among all, one that was built in place is left out: no index knows its version.
    """
    from packaging.utils import canonicalize_name

    if names is not None:
        versions: dict[str, str] = {}
        for name in names:
            with suppress(PackageNotFoundError):
                versions[name] = version(name)
        return versions
    released = [each for each in distributions() if each.read_text("direct_url.json") is None]
    return {canonicalize_name(str(each.metadata["Name"])): each.version for each in released}


def shortened(names: Sequence[str], most: int = 6) -> str:
    """Names in one line: the first six, and how many more there are."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
