"""Pythons: which one an arm may ask for, and what is known of one that was found."""

import platform
import re
import sys
import sysconfig
from dataclasses import dataclass

from bench.base.errors import UsageError

PYTHON = "python"  # among the requirements of an arm: no distribution, but what all of them run in
OLDEST, OLDEST_FREE_THREADED = 11, 13  # 3.11 is what bench itself needs
_ANY = re.compile(r"python(?![\w.-])(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_ONE = re.compile(
    r"\s*==\s*(?P<version>3\.(?P<minor>[1-9]\d?)(?:\.(?:0|[1-9]\d?))?(?P<free_threaded>t?))\s*"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python that was asked what it is. `prefix` is where it is installed, no environment."""

    path: str
    version: str
    implementation: str
    free_threaded: bool
    prefix: str

    @property
    def name(self) -> str:
        """Its whole version, with the `t` of a free-threaded build."""
        return self.version + "t" * self.free_threaded

    @property
    def kind(self) -> str:
        """What a compiled module must have been built for, such as `CPython-3.13t`."""
        return f"{self.implementation}-{minor_of(self.version)}{'t' * self.free_threaded}"

    def satisfies(self, wanted: str) -> bool:
        """Whether it is what an arm asks for; without `t` that is a build with the GIL."""
        return (
            self.implementation == "CPython"
            and self.free_threaded == wanted.endswith("t")
            and f"{self.version}.".startswith(f"{wanted.removesuffix('t')}.")
        )


def minor_of(version: str) -> str:
    """`3.13` of `3.13`, `3.13.2` or `3.13t`."""
    return ".".join(version.removesuffix("t").split(".")[:2])


def asked_in(part: str, arm: str) -> str:
    """The version that one requirement of an arm asks for, such as `3.13`, `3.13.2` or `3.14t`.

    Empty where it is about a distribution; UsageError for a Python that cannot be asked for.
    """
    if not (about_python := _ANY.fullmatch(part)):
        return ""
    one = _ONE.fullmatch(about_python["rest"])
    oldest = OLDEST_FREE_THREADED if one and one["free_threaded"] else OLDEST
    if one is None or int(one["minor"]) < oldest:
        raise UsageError(
            f"{arm!r}: {part!r} is no Python to measure in: write python==3.13 (3.11 or newer), "
            "python==3.13.2, or python==3.14t (free-threaded, 3.13t or newer)"
        )
    return one["version"]


OWN = Interpreter(
    sys.executable,
    platform.python_version(),
    platform.python_implementation(),
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    sys.base_prefix,
)
