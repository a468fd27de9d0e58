"""What is installed beyond what `make install` brings: a library may import what it finds, and weigh more for it.

Huey imports psycopg wherever it is installed. That alone made its consumer 9 MB larger in a run that was thrown away.
"""

from importlib.metadata import PackageNotFoundError, distributions, requires

PROJECT = "queue-bench"
TOOLS = {"pip", "setuptools", "wheel"}


def beyond_install(project: str = PROJECT) -> list[str]:
    """The names of all distributions here that the project does not need, its extras not counted; nothing where the project itself is not installed."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    needed, todo = {*TOOLS}, [(project, frozenset[str]())]
    try:
        requires(project)
    except PackageNotFoundError:
        return []
    seen = set()
    while todo:
        name, extras = todo.pop()
        if (canonicalize_name(name), extras) in seen:
            continue
        seen.add((canonicalize_name(name), extras))
        needed.add(canonicalize_name(name))
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue  # a requirement of another platform
        for requirement in map(Requirement, lines):
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras or {""}):
                todo.append((requirement.name, frozenset(requirement.extras)))
    return sorted({canonicalize_name(str(each.metadata["Name"])) for each in distributions()} - needed)
