"""How long processes of ours outlive what kept them, on a host of its own; see made_hosts.py.

`python -m tests.survival ENGINE EVENT FOLDER` has a controller start a family of processes that are
deaf to SIGTERM on a host, lets EVENT happen, and prints as JSON how many seconds the last of them
and of their keeper lived, and whether their folder is left.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from bench.hosts import dask_cluster, ssh
from bench.hosts.channel import Channel
from bench.hosts.far_host import FarHost
from bench.hosts.netns import NamespaceHost
from tests.made_hosts import SCHEDULER, Started, made

MOST_S = 20.0
HOSTS = 3
DEAF = [
    "-c",
    "import os, signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "os.fork() and os.fork()\n"
    "os.setsid() if os.getpid() != os.getsid(0) else None\n"
    "time.sleep(600)  # {marker}",
]


def controller(argv: list[str], folder: Path) -> None:
    """What is struck: it has a family on the host, and waits."""
    says = folder / "says.txt"
    with (
        Channel("worker-1", argv, says, (*ssh.VARIABLES, "PATH")) as channel,
        FarHost(channel, "").cell(folder / "mirror") as host,
    ):
        family = [str(channel.facts["executable"]), *DEAF]
        family[-1] = family[-1].format(marker=folder)
        host.spawn(family, host.work / "log", {"PATH": "/usr/bin:/bin"})
        print(channel.facts["pid"], channel.root, flush=True)
        time.sleep(600)


def living(marker: str, keeper: int) -> list[int]:
    """Those of the family, and the keeper."""
    found = []
    for process in psutil.process_iter(["cmdline", "pid", "status"]):
        if process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        line = " ".join(process.info["cmdline"] or ())
        if process.info["pid"] == keeper or (marker in line and "setsid" in line):
            found.append(process.info["pid"])
    return found


def below(pid: int, wanted: str) -> list[psutil.Process]:
    """The processes below one whose command line has this in it."""
    family = psutil.Process(pid).children(recursive=True)
    return [each for each in family if wanted in " ".join(each.cmdline())]


def strikes(
    host: NamespaceHost, started: Started, driver: Started
) -> dict[str, Callable[[], object]]:
    """What may happen, by its name."""
    return {
        "controller-killed": driver.kill,
        "controller-stopped": lambda: driver.send_signal(signal.SIGSTOP),
        "channel-killed": lambda: [
            each.kill() for each in psutil.Process(driver.pid).children(recursive=False)
        ],
        # The session's processes of sshd; its listener lives on.
        "session-killed": lambda: [each.kill() for each in below(started.pid, "sshd")],
        "engine-killed": started.kill,
        "link-down": lambda: host.link(up=False),
    }


def main(engine: str, event: str, folder: Path) -> None:
    with made(engine, folder, HOSTS) as (hosts, started):
        host = hosts[0]
        found = {
            "ssh": lambda: ssh.command(host.address),
            "dask": lambda: dask_cluster.command(SCHEDULER, dask_cluster.workers_of(SCHEDULER)[0]),
        }
        driver = subprocess.Popen(
            [sys.executable, "-m", "tests.survival", "", str(folder), *found[engine]()],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            print(json.dumps(_struck(event, folder, host, started[0], driver)))
        finally:
            driver.kill()
            driver.wait()


def _struck(
    event: str, folder: Path, host: NamespaceHost, started: Started, driver: Started
) -> dict[str, float | int | bool]:
    assert driver.stdout
    told = driver.stdout.readline().split()
    assert told, (folder / "says.txt").read_text(encoding="utf-8")
    keeper, root = int(told[0]), Path(told[1].decode())
    time.sleep(1.0)  # its family is forked, and beats have gone
    before = living(str(folder), keeper)
    began_s = time.monotonic()
    strikes(host, started, driver)[event]()
    while living(str(folder), keeper) and time.monotonic() - began_s < MOST_S:
        time.sleep(0.02)
    seconds = time.monotonic() - began_s
    time.sleep(0.3)  # the folder is removed last
    return {"before": len(before), "seconds": round(seconds, 2), "folder": root.exists()}


def run(arguments: Sequence[str]) -> None:
    if arguments[0]:
        main(arguments[0], arguments[1], Path(arguments[2]))
    else:
        controller(list(arguments[2:]), Path(arguments[1]))


if __name__ == "__main__":
    run(sys.argv[1:])
