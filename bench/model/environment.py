"""Where the programs of an arm are: in bench's own environment, or in one made for the arm."""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench.base.errors import UsageError
from bench.model import interpreter
from bench.model.interpreter import Interpreter


@dataclass(frozen=True)
class Package:
    """A distribution in an environment; `sha256` is that of the file it was installed from."""

    name: str
    version: str
    sha256: str = ""


@dataclass(frozen=True)
class Checkout:
    """A path that a distribution was built from; `dirty` = its files differ from the commit."""

    name: str
    path: str
    digest: str
    commit: str
    dirty: bool


@dataclass(frozen=True)
class Moved:
    """A distribution that nobody asked for and that could not stay at the version of bench's own
    environment (`here`)."""

    name: str
    here: str
    there: str


@dataclass(frozen=True)
class Environment:
    """The one place that says where a program of an arm is; without a folder, bench's own."""

    folder: Path | None = None
    digest: str = ""
    packages: tuple[Package, ...] = ()
    checkouts: tuple[Checkout, ...] = ()
    moved: tuple[Moved, ...] = ()
    python: Interpreter = interpreter.OWN

    def program(self, name: str) -> str:
        """The path of a program; UsageError if it is not installed."""
        if name == "python" and self.folder is None:
            return sys.executable
        path = (Path(sys.executable).parent if self.folder is None else self.folder / "bin") / name
        if path.exists():
            return str(path)
        if self.folder is None:
            raise UsageError(
                f"{name} is not installed beside {Path(sys.executable).name}: "
                "run `make install`, or pip install the package it comes with"
            )
        raise UsageError(
            f"none of {', '.join(f'{p.name}=={p.version}' for p in self.packages)} "
            f"brings the program {name}: ask for versions that do"
        )

    def identity(self) -> frozenset[tuple[str, str]]:
        """What runs in it: its Python and each distribution, with the version or with the digest of
        the files that it was built from."""
        built = {checkout.name: checkout.digest for checkout in self.checkouts}
        return frozenset(
            {
                (interpreter.PYTHON, self.python.name),
                *((each.name, built.get(each.name, each.version)) for each in self.packages),
            }
        )


OWN = Environment()
