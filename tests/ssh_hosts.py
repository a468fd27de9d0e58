"""Hosts with a real sshd, in namespaces of this machine; run as a program of its own.

`python -m tests.ssh_hosts FOLDER COUNT COMMAND…` makes so many hosts, writes FOLDER/hosts.toml and
an `ssh` that reads a config of its own, runs the command there, and ends with its exit code.
"""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bench.hosts.netns import NamespaceHost, namespaces

SSHD = "/usr/sbin/sshd"
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


def main(folder: Path, count: int, command: list[str]) -> int:
    for name in ("key", "host_key"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(keygen, check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    with ExitStack() as stack:
        names = [f"host-{number}" for number in range(count)]
        hosts = stack.enter_context(namespaces(names))
        for host in hosts:
            stack.callback(_stop, _sshd(folder, host))
        _write(folder, hosts)
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(command, env=os.environ | {"PATH": path}, check=False).returncode


def _sshd(folder: Path, host: NamespaceHost) -> "subprocess.Popen[bytes]":
    config = folder / f"{host.name}.conf"
    config.write_text(CONFIG.format(address=host.address, folder=folder), encoding="utf-8")
    log = (folder / f"{host.name}.log").open("ab")
    argv = host.command([SSHD, "-D", "-e", "-f", str(config)])
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _stop(sshd: "subprocess.Popen[bytes]") -> None:
    sshd.terminate()
    sshd.wait(10)


def _write(folder: Path, hosts: list[NamespaceHost]) -> None:
    known = (folder / "host_key.pub").read_text(encoding="utf-8").split()[:2]
    lines = [f"{host.address} {' '.join(known)}\n" for host in hosts]
    (folder / "known_hosts").write_text("".join(lines), encoding="utf-8")
    (folder / "ssh_config").write_text(
        f"IdentityFile {folder}/key\nUserKnownHostsFile {folder}/known_hosts\nUser root\n",
        encoding="utf-8",
    )
    (folder / "bin").mkdir()
    script = folder / "bin" / "ssh"
    script.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {folder}/ssh_config "$@"\n')
    script.chmod(0o755)
    broker, generator, *others = [host.address for host in hosts]
    listed = ", ".join(f'"{each}"' for each in others)
    (folder / "hosts.toml").write_text(
        f'[broker]\nssh = "{broker}"\n[generators]\nssh = ["{generator}"]\n'
        f"[workers]\nssh = [{listed}]\n",
        encoding="utf-8",
    )
    time.sleep(0.5)  # until each listens


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
