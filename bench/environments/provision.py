"""The arms of a run and the environments they run in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.base.distributions import installed, shortened
from bench.base.errors import UsageError
from bench.environments.build import environment_for
from bench.environments.usable import refuse_unusable
from bench.model.arm import Arm, code_of, needs_of, packages_of
from bench.model.environment import Environment
from bench.model.manifest import ArmRecord


def provision(
    arms: Sequence[Arm], say: Callable[[str], None], passed: Iterable[str] = ()
) -> list[Arm]:
    """The arms, where they have requirements with their environments made; each has been tried.

    UsageError with the reason where an environment cannot be made, or an arm not be used in it.
    `passed` are the names of the user's variables that its processes will be given.
    """
    provisioned = [replace(arm, environment=_environment(arm, say)) for arm in arms]
    refuse_unusable(provisioned, passed)
    return provisioned


def _environment(arm: Arm, say: Callable[[str], None]) -> Environment:
    if not arm.requirements:
        return arm.environment
    return environment_for(arm.name, needs_of(arm), arm.requirements, say)


def refuse_other(folder: Path, stored: Mapping[str, ArmRecord], arms: Sequence[Arm]) -> None:
    """UsageError unless every environment is the one that the run was begun with."""
    for arm in arms:
        before = stored[arm.name].environment
        if before is None or before.digest == arm.environment.digest:
            continue
        was = {(p.name, p.version) for p in before.packages}
        now = {(p.name, p.version) for p in arm.environment.packages}
        differ = (
            sorted({name for name, _ in was ^ now})
            or sorted({c.name for c in arm.environment.checkouts})
            or ["Python, or a file of the same version,"]
        )
        raise UsageError(
            f"{folder} was begun with another environment of {arm.name} "
            f"({', '.join(differ)} differ): begin a new run"
        )


def unlike(arms: Sequence[Arm]) -> list[str]:
    """The warnings about arms in unlike environments.

    An arm in an environment of its own is measured beside one of its system that runs in bench's,
    with all that is installed there.
    """
    warnings = []
    for arm in (arm for arm in arms if not arm.requirements):
        beside = [
            other.name
            for other in arms
            if other.requirements and other.adapter.name == arm.adapter.name
        ]
        extra = sorted(installed().keys() - {name for name, _ in code_of(arm)})
        if beside and extra:
            named = shortened(extra)
            main = packages_of(arm)[0]
            alike = f"[{main}=={installed([main])[main]}]"
            warnings.append(
                f"{arm.name} runs where {named} are installed too, {', '.join(beside)} does not: "
                f"write {alike} to have both alike"
            )
    return warnings
