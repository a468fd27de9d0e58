"""What an arm asks for in square brackets: released versions, checkouts, and a Python."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bench.base.errors import UsageError
from bench.model.interpreter import PYTHON, asked_in

# A comma parts two requirements unless it stands among extras, or a further bound of the same
# requirement follows.
_BETWEEN = re.compile(r",(?![^\[]*\])(?!\s*[<>=!~])")
_PATH = re.compile(r"^(?P<name>[^@]+)@\s*(?P<path>\S.*)$")


@dataclass(frozen=True)
class Requirement:
    """One distribution that is to be there: in these versions, or built from a path.

    Or, under the name `python`, what all of them are to run in.
    """

    name: str
    extras: tuple[str, ...] = ()
    specifier: str = ""
    path: str = ""

    @property
    def text(self) -> str:
        """The requirement in its one normal spelling."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return (
            f"{self.name}{extras} @ {self.path}"
            if self.path
            else f"{self.name}{extras}{self.specifier}"
        )

    @property
    def exact(self) -> bool:
        """Whether it names one version, or one state of files."""
        return bool(self.path) or (
            self.specifier.startswith("==") and not re.search(r"[,*]", self.specifier)
        )


def parse(text: str, arm: str) -> tuple[Requirement, ...]:
    """The requirements in the brackets of an arm, sorted by name.

    UsageError where there is none, or one cannot be read or is there twice.
    """
    by_name: dict[str, Requirement] = {}
    for part in filter(None, (part.strip() for part in _BETWEEN.split(text))):
        wanted = _one(part, arm)
        if wanted.name in by_name:
            raise UsageError(f"{arm!r} asks for {wanted.name} twice: name it once")
        by_name[wanted.name] = wanted
    if not by_name:
        raise UsageError(
            f"{arm!r}: nothing stands in the square brackets: "
            "write a requirement such as [redis==6.4.0], or leave them out"
        )
    return tuple(by_name[name] for name in sorted(by_name))


def python_of(wanted: Iterable[Requirement]) -> str:
    """The Python among these, such as `3.13` or `3.14t`; empty where that of bench will do."""
    return next((each.specifier.removeprefix("==") for each in wanted if each.name == PYTHON), "")


def _one(part: str, arm: str) -> Requirement:
    import packaging.requirements
    from packaging.utils import canonicalize_name

    if python := asked_in(part, arm):
        return Requirement(PYTHON, specifier=f"=={python}")
    located = _PATH.match(part)
    path = located["path"].strip() if located else ""
    if "://" in path:
        raise UsageError(
            f"{arm!r}: {part.partition('@')[0].strip()} is given by an address: "
            "write a version, or the path of a checkout"
        )
    try:
        parsed = packaging.requirements.Requirement(located["name"] if located else part)
    except packaging.requirements.InvalidRequirement:
        raise UsageError(
            f"{arm!r}: {part!r} is not a requirement: write NAME==VERSION or NAME @ PATH"
        ) from None
    if parsed.marker or (path and parsed.specifier):
        raise UsageError(
            f"{arm!r}: {part!r} is more than a version or a path: "
            "write NAME==VERSION or NAME @ PATH"
        )
    return Requirement(
        canonicalize_name(parsed.name),
        tuple(sorted(canonicalize_name(extra) for extra in parsed.extras)),
        str(parsed.specifier),
        os.path.normpath(path) if path else "",
    )


def merged(needs: Iterable[str], wanted: Iterable[Requirement]) -> list[Requirement]:
    """What an arm needs, in the versions that are wanted, and what is wanted beside it; sorted by
    name."""
    import packaging.requirements
    from packaging.utils import canonicalize_name

    by_name: dict[str, Requirement] = {}
    needed = [
        Requirement(canonicalize_name(r.name), tuple(r.extras), str(r.specifier))
        for r in map(packaging.requirements.Requirement, needs)
    ]
    for each in [*needed, *wanted]:
        before = by_name.get(each.name, Requirement(each.name))
        by_name[each.name] = Requirement(
            each.name,
            tuple(sorted({*before.extras, *each.extras})),
            each.specifier or before.specifier,
            each.path or before.path,
        )
    return [by_name[name] for name in sorted(by_name)]
