"""The environment of an arm on another host: the same distributions, and no index asked there.

Wheels are collected here and sent; a host needs its Python and nothing else.
"""

import hashlib
import io
import shlex
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from bench.base.distributions import installed, needed_by
from bench.base.errors import CellFailed, UsageError
from bench.environments.pip import build_dir, pip
from bench.hosts.far_host import FarHost
from bench.model.arm import Arm, needs_of

INSTALL_S = 300.0
PIP = "pip.zip"


def environments_on(hosts: Iterable[FarHost], arms: Iterable[Arm]) -> None:
    """Make the environment of each arm on each of these hosts, before anything is measured.

    UsageError in one line where that cannot be done.
    """
    hosts = list(hosts)
    for arm in arms:
        lines = _lines(arm)
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        archive = b""
        for host in hosts:
            if not host.has_environment(digest):
                archive = archive or _collected(arm, lines)
                _make(host, arm, digest, archive)
            host.programs_of(arm.name, _bin_here(arm), host.environment(digest) / "bin")


def _lines(arm: Arm) -> list[str]:
    """The distributions that the arm runs with, in the versions that it has here."""
    if arm.environment.checkouts:
        raise UsageError(f"{arm.name} is built from a path: that is not sent to other hosts")
    if arm.asked:
        return [f"{each.name}=={each.version}" for each in arm.environment.packages]
    found = installed(needed_by(needs_of(arm)))
    return [f"{name}=={found[name]}" for name in sorted(found)]


def _bin_here(arm: Arm) -> Path:
    folder = arm.environment.folder
    return Path(sys.executable).parent if folder is None else folder / "bin"


def _collected(arm: Arm, lines: list[str]) -> bytes:
    """A tar archive of their wheels, and of pip itself: the host may have none."""
    with build_dir(arm.name) as work, tempfile.TemporaryDirectory(prefix="queue-bench-") as made:
        locked = work.work / "locked.txt"
        locked.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
        order = ("--quiet", "--no-deps", "--wheel-dir", made, "-r", str(locked))
        pip(work, "wheel", *order, python=sys.executable)
        _pack_pip(Path(made) / PIP)
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            for path in sorted(Path(made).iterdir()):
                archive.add(path, path.name)
        return file.getvalue()


def _pack_pip(archive: Path) -> None:
    """Ours, as it is installed: Python starts it from a zip file, and no index is asked for it."""
    spec = find_spec("pip")
    assert spec and spec.origin
    folder = Path(spec.origin).parent
    with ZipFile(archive, "w", ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                file.write(path, Path("pip") / path.relative_to(folder))


def _make(host: FarHost, arm: Arm, digest: str, archive: bytes) -> None:
    folder, wheels = host.environment(digest), host.environment(f"{digest}-wheels")
    try:
        host.make_folder(wheels)
        host.unpack(wheels, archive)
        _run(host, [host.python, "-m", "venv", "--without-pip", str(folder)])
        found = [str(path) for path in host.names(wheels, "*.whl")]
        python, pip_here = str(folder / "bin" / "python"), f"{wheels / PIP}/pip"
        _run(host, [python, pip_here, "install", "--no-index", "--no-deps", *found])
        host.write(folder / "complete", b"")
    except CellFailed as failed:
        raise UsageError(f"{arm.name} cannot be installed on {failed}") from None


def _run(host: FarHost, argv: list[str]) -> None:
    """Run a program there to its end; CellFailed with what it said last if it fails."""
    log = host.work / "install.log"
    process = host.spawn(argv, log, {"PATH": "/usr/bin:/bin", "HOME": str(host.work)})
    if not process.wait(INSTALL_S) or process.exit_status() != 0:
        said = host.last_lines(log, 1)
        raise CellFailed(f"{host.label} ({shlex.join(argv[1:3])}): {said}")
