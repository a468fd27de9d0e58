"""Checkouts: what is in their files, and a wheel built from just that."""

import hashlib
import os
import re
import shlex
import shutil
from pathlib import Path

from bench.base.errors import UsageError
from bench.base.git import git
from bench.environments.cache import COMPLETE, cache, everywhere, held, or_nothing, there
from bench.environments.pip import build_dir, pip
from bench.model.environment import Checkout
from bench.model.interpreter import Interpreter
from bench.model.requirements import Requirement

# Of a folder that is no checkout: what building and running leave behind.
LEFT_BEHIND = (
    "__pycache__",
    ".git",
    ".venv",
    "build",
    "dist",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
)


def look(wanted: Requirement, arm: str) -> Checkout:
    """What is at the path now.

    UsageError if nothing can be built from it, or git does not say what belongs to it.
    """
    try:
        return _looked(Path(os.path.expanduser(wanted.path)), wanted, arm)
    except OSError as error:
        raise UsageError(f"{arm}: {error.filename} cannot be read ({error.strerror})") from None


def _looked(path: Path, wanted: Requirement, arm: str) -> Checkout:
    if not any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise UsageError(
            f"{arm}: {wanted.path} is not a checkout of {wanted.name}: "
            "it needs a pyproject.toml or a setup.py"
        )
    if (path / ".git").exists() and not shutil.which("git"):
        raise UsageError(f"{arm}: only git knows which files of {wanted.path} count: install git")
    tracked = bool(_listed(path))
    commit = _git(path, "rev-parse", "HEAD").strip() if tracked else ""
    dirty = tracked and bool(_git(path, "status", "--porcelain", "--", ".").strip())
    return Checkout(wanted.name, wanted.path, digest(path), commit, dirty)


def digest(path: Path) -> str:
    """A digest of names, executable bits and contents of the files, in 32 hexadecimal digits.

    What git would ignore does not count.
    """
    hasher = hashlib.sha256()
    for name in files(path):
        file = path / name
        content = os.fsencode(os.readlink(file)) if file.is_symlink() else file.read_bytes()
        bits = b"l" if file.is_symlink() else b"x" if os.access(file, os.X_OK) else b"-"
        hasher.update(b"\0".join((os.fsencode(name), bits, str(len(content)).encode(), content)))
    return hasher.hexdigest()[:32]


def files(path: Path) -> list[str]:
    """The files that count, by their names below the path, sorted; those of submodules too."""
    if not (listed := _listed(path)):
        inside = (
            file.relative_to(path)
            for file in path.rglob("*")
            if file.is_symlink() or file.is_file()
        )
        return sorted(
            f.as_posix()
            for f in inside
            if not any(p in LEFT_BEHIND or p.endswith((".egg-info", ".pyc")) for p in f.parts)
        )
    names = set()
    for name in listed:
        if (path / name).is_dir() and not (path / name).is_symlink():
            names |= {f"{name.rstrip('/')}/{below}" for below in files(path / name)}
        elif os.path.lexists(path / name):
            names.add(name)
    return sorted(names, key=os.fsencode)


def _listed(path: Path) -> list[str]:
    """What git tracks here or would; empty where this is no checkout, or lies ignored inside
    another one."""
    listing = _git(path, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [_named(name) for name in listing.split("\0") if name]


def _named(text: str) -> str:
    """A path as git printed it, as the file system has it: it is bytes, whatever the locale."""
    return os.fsdecode(text.encode(errors="surrogateescape"))


def wheel(checkout: Checkout, arm: str, python: Interpreter) -> Path:
    """A wheel of these files for this Python, built once.

    It is built from a copy, so that nothing is left in the checkout and nothing stale is packed.
    """
    from packaging.utils import parse_wheel_filename

    made = built(checkout, python)
    if made is None:
        folder = cache("wheels") / _name(checkout, python)
        with held(folder):
            made = _in(folder) or _build(checkout, folder, arm, python)
    if (name := parse_wheel_filename(made.name)[0]) != checkout.name:
        raise UsageError(
            f"{arm}: {checkout.path} is a checkout of {name}, not of {checkout.name}: "
            f"write {name} @ {checkout.path}"
        )
    return made


def built(checkout: Checkout, python: Interpreter) -> Path | None:
    """The wheel of these files in any of the folders that are looked into; None before it is
    built."""
    wheels = (_in(base / _name(checkout, python)) for base in everywhere("wheels"))
    return next((wheel for wheel in wheels if wheel), None)


def _in(folder: Path) -> Path | None:
    """The wheel that was built here to the end, if there is one that can be read."""
    wheels = folder.glob("*.whl") if there(folder / COMPLETE) else ()
    return next((each for each in wheels if os.access(each, os.R_OK)), None)


def _name(checkout: Checkout, python: Interpreter) -> str:
    # The commit counts beside the files: some builds make their version from it. Others compile.
    return f"{checkout.name}-{checkout.digest}-{checkout.commit[:12] or 'none'}-{python.kind}"


def _build(checkout: Checkout, folder: Path, arm: str, python: Interpreter) -> Path:
    with or_nothing(folder), build_dir(arm) as host:
        source, made = host.work / "source" / checkout.name, host.work / "made"
        path = Path(os.path.expanduser(checkout.path)).resolve()
        _copy(path, source)
        if digest(path) != checkout.digest:
            raise UsageError(
                f"{arm}: the files of {checkout.path} change while they are being built: "
                "wait until they do not"
            )
        into = ("--wheel-dir", str(made), str(source))
        pip(host, "wheel", "--quiet", "--no-deps", *into, python=python.path)
        shutil.copytree(made, folder)
        (folder / COMPLETE).write_text("{}", encoding="utf-8")
    return next(folder.glob("*.whl"))


def _copy(path: Path, source: Path) -> None:
    for name in files(path):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path / name, source / name, follow_symlinks=False)
    if (path / ".git").exists():
        # Some builds ask git for their version. The copy points at the same history.
        history = _named(_git(path, "rev-parse", "--absolute-git-dir").removesuffix("\n"))
        (source / ".git").write_bytes(b"gitdir: " + os.fsencode(history) + b"\n")


def _git(path: Path, *args: str) -> str:
    """What git says; nothing where it is no checkout, UsageError where git refuses.

    Without its list what it ignores would count too: another digest on every machine.
    """
    answer = git(path, *args)
    if not answer.refused:
        return answer.text
    fix = "mend it, or name a copy without .git"
    if "dubious ownership" in answer.refused:
        owned = re.search(r"'(.+)'", answer.refused)
        folder = owned[1] if owned else str(path.resolve())
        fix = f"git config --global --add safe.directory {shlex.quote(folder)}"
    raise UsageError(f"git refuses {path} ({answer.refused}): {fix}")
