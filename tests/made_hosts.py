"""Hosts in namespaces of this machine, with a real sshd or a Dask worker on each.

`python -m tests.made_hosts ENGINE FOLDER COUNT COMMAND…`, a program of its own because there is no
way back out of the network that it enters. ENGINE is ssh (FOLDER/hosts.toml, and an `ssh` first on
PATH that reads a config of its own) or dask (a scheduler at SCHEDULER, a worker on each host). It
runs the command there and ends with its exit code. Meanwhile whoever writes a host's number into
FOLDER/unplug pulls its cable out.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.hosts.netns import NETWORK, NamespaceHost, namespaces

SSHD = "/usr/sbin/sshd"
SCHEDULER = f"tcp://{NETWORK}.1:8786"
LISTENS_S = 30.0
# What the guide tells users to set: without it the engine takes a core's 4 %.
QUIET_DASK = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__GIL__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
}
CONFIG = """\
ListenAddress {address}
Port 22
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
"""
Started = subprocess.Popen[bytes]


@contextmanager
def made(
    engine: str, folder: Path, count: int
) -> Iterator[tuple[list[NamespaceHost], list[Started]]]:
    """The hosts, and the process on each that the engine has there."""
    with ExitStack() as stack:
        hosts = stack.enter_context(namespaces([f"host-{number}" for number in range(count)]))
        starts = {"ssh": _by_ssh, "dask": _by_dask}[engine]
        yield hosts, stack.enter_context(starts(folder, hosts))


@contextmanager
def _by_ssh(folder: Path, hosts: Sequence[NamespaceHost]) -> Iterator[list[Started]]:
    for name in ("key", "host_key"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(keygen, check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    _write_ssh(folder, hosts)
    with ExitStack() as stack:
        started = []
        for host in hosts:
            config = folder / f"{host.name}.conf"
            config.write_text(CONFIG.format(address=host.address, folder=folder), encoding="utf-8")
            argv = host.command([SSHD, "-D", "-e", "-f", str(config)])
            started.append(stack.enter_context(_running(folder / f"{host.name}.log", argv)))
        for host in hosts:
            _until_said(folder / f"{host.name}.log", "Server listening")
        yield started


def _write_ssh(folder: Path, hosts: Sequence[NamespaceHost]) -> None:
    known = (folder / "host_key.pub").read_text(encoding="utf-8").split()[:2]
    lines = [f"{host.address} {' '.join(known)}\n" for host in hosts]
    (folder / "known_hosts").write_text("".join(lines), encoding="utf-8")
    (folder / "ssh_config").write_text(
        f"IdentityFile {folder}/key\nUserKnownHostsFile {folder}/known_hosts\nUser root\n",
        encoding="utf-8",
    )
    (folder / "bin").mkdir()
    script = folder / "bin" / "ssh"
    script.write_text(
        f'#!/bin/sh\nexec /usr/bin/ssh -F {folder}/ssh_config "$@"\n', encoding="utf-8"
    )
    script.chmod(0o755)
    os.environ["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
    broker, generator, *others = [host.address for host in hosts]
    listed = ", ".join(f'"{each}"' for each in others)
    (folder / "hosts.toml").write_text(
        f'[broker]\nssh = "{broker}"\n[generators]\nssh = ["{generator}"]\n'
        f"[workers]\nssh = [{listed}]\n",
        encoding="utf-8",
    )


@contextmanager
def _by_dask(folder: Path, hosts: Sequence[NamespaceHost]) -> Iterator[list[Started]]:
    dask = [sys.executable, "-m", "distributed.cli"]
    listens = ["--host", f"{NETWORK}.1", "--port", "8786", "--no-dashboard", "--no-show"]
    with ExitStack() as stack:
        log = folder / "scheduler.log"
        stack.enter_context(_running(log, [*dask[:2], f"{dask[2]}.dask_scheduler", *listens]))
        _until_said(log, "Scheduler at")
        started = []
        for host in hosts:
            place = ["--host", host.address, "--local-directory", str(folder / host.name)]
            options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", host.name]
            options += ["--memory-limit", "0"]
            argv = [*dask[:2], f"{dask[2]}.dask_worker", SCHEDULER, *options, *place]
            log = folder / f"{host.name}.log"
            started.append(stack.enter_context(_running(log, host.command(argv))))
        for host in hosts:
            _until_said(folder / f"{host.name}.log", "Registered to")
        yield started


@contextmanager
def _running(log: Path, argv: Sequence[str]) -> Iterator[Started]:
    with log.open("ab") as says:
        process = subprocess.Popen(
            argv,
            env=os.environ | QUIET_DASK,
            stdin=subprocess.DEVNULL,
            stdout=says,
            stderr=says,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_said(log: Path, text: str) -> None:
    deadline = time.monotonic() + LISTENS_S
    while text not in log.read_text(encoding="utf-8", errors="replace"):
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.05)


def _unplug(folder: Path, hosts: Sequence[NamespaceHost], over: threading.Event) -> None:
    asked = folder / "unplug"
    while not over.wait(0.05):
        if asked.exists() and (number := asked.read_text(encoding="utf-8").strip()):
            hosts[int(number)].link(up=False)
            asked.unlink()


def main(engine: str, folder: Path, count: int, command: list[str]) -> int:
    with made(engine, folder, count) as (hosts, _):
        over = threading.Event()
        watch = threading.Thread(target=_unplug, args=(folder, hosts, over))
        watch.start()
        try:
            return subprocess.run(command, check=False).returncode
        finally:
            over.set()
            watch.join()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
