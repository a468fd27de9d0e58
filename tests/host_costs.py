"""What we add on a measured host between cells and within them; see made_hosts.py.

`python -m tests.host_costs ENGINE FOLDER` prints as JSON the share of a core and the memory (PSS)
of what is there for us: the session of sshd or the Dask worker, and the keeper.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

from bench.hosts import dask_cluster, ssh
from bench.hosts.channel import Channel
from bench.hosts.far_host import FarHost
from bench.hosts.far_hosts import gathered
from bench.model.placement import Placement
from bench.testbed.far_sampler import FarSampler
from bench.testbed.tails import POLL_S
from tests.made_hosts import SCHEDULER, Started, made

WATCHED_S = 20.0
SAMPLED_S = FarSampler.interval_s  # as often as a cell asks a host for memory and CPU
LOOKED_S = POLL_S  # as often as it asks how far the workers are
SLOTS = 4
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def main(engine: str, folder: Path) -> None:
    with made(engine, folder, 3) as (hosts, started), ExitStack() as stack:
        time.sleep(5.0)
        alone = _used([psutil.Process(started[0].pid)], lambda: time.sleep(0.1))
        names = [host.address for host in hosts]
        if engine == "dask":
            names = list(dask_cluster.workers_of(SCHEDULER))
        argv = [
            dask_cluster.command(SCHEDULER, name) if engine == "dask" else ssh.command(name)
            for name in names
        ]
        labels = ("broker", "generator-1", "worker-1")
        opened = {
            name: FarHost(
                stack.enter_context(
                    Channel(label, command, folder / label, (*ssh.VARIABLES, "PATH"))
                ),
                dask_cluster.address_of(name) if engine == "dask" else name,
            )
            for name, label, command in zip(names, labels, argv, strict=True)
        }
        broker, generator, worker = names
        placement = Placement(
            engine=engine, broker=broker, generators=(generator,), workers={worker: None}
        )
        ours = gathered(placement, opened)
        at = [host.address for host in hosts].index(ours.workers[0].address)
        measured = ours.workers[0]
        there = _there(engine, started[at], int(measured.channel.facts["pid"]))
        time.sleep(2.0)
        between = _used(there, lambda: time.sleep(0.1))
        with measured.cell(folder / "mirror"):
            family = [measured.spawn(SLEEP, measured.logs / "log", {}) for _ in range(SLOTS)]
            groups = {"workers": [each.pid for each in family], "broker": [], "generators": []}
            ours.start_pings()
            looked = [0.0]

            def sampled() -> None:
                if time.monotonic() - looked[0] > SAMPLED_S:
                    looked[0] = time.monotonic()
                    measured.usage(groups)
                measured.size(measured.logs / "log")
                time.sleep(LOOKED_S)

            within = _used(there, sampled)
            ours.stop_pings()
        print(json.dumps({"engine": alone, "between": between, "within": within}))


def _there(engine: str, started: Started, keeper: int) -> list[psutil.Process]:
    """What runs there for us, but for what it measures."""
    below = psutil.Process(started.pid).children(recursive=True)
    session = [each for each in below if each.pid != keeper and "sshd" in each.name()]
    engine_own = session if engine == "ssh" else [psutil.Process(started.pid)]
    return [*engine_own, psutil.Process(keeper)]


def _used(there: Sequence[psutil.Process], meanwhile: Callable[[], None]) -> dict[str, float]:
    before, begun_s = _cpu_s(there), time.monotonic()
    while time.monotonic() - begun_s < WATCHED_S:
        meanwhile()
    seconds = time.monotonic() - begun_s
    share = (_cpu_s(there) - before) / seconds
    memory = sum(each.memory_full_info().pss for each in there)
    return {"core_percent": round(share * 100, 3), "mb": round(memory / 1e6, 1)}


def _cpu_s(there: Sequence[psutil.Process]) -> float:
    """To the nanosecond: /proc/PID/stat counts in 10 ms, half of what is allowed."""
    tasks = [task for each in there for task in Path(f"/proc/{each.pid}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
