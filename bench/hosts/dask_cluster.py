"""Hosts by a Dask cluster, whoever made it: on this machine, on Kubernetes, Slurm or a cloud."""

import subprocess
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from bench.base.environ import built
from bench.base.errors import UsageError
from bench.model.placement import Placement

FEWEST = 3
ASK_S = 30.0
_RELAY = (sys.executable, "-m", "bench.hosts.dask_relay")


def placed(scheduler: str) -> Placement:
    """One worker process of each host: the first has the broker, the second sends, all others work.

    Where all of them are on one host each process counts as a host. UsageError where there is no
    cluster, or too few of them.
    """
    found = workers_of(scheduler)
    by_host = {address_of(each): each for each in reversed(found)}
    chosen = list(reversed(by_host.values())) if len(by_host) >= FEWEST else found
    if len(chosen) < FEWEST:
        raise UsageError(
            f"{scheduler} has {len(chosen)} workers: it takes {FEWEST} at least, one for the "
            "broker, one for the load generator, and those that work"
        )
    broker, generator, *others = chosen
    return Placement(
        engine="dask",
        cluster=scheduler,
        broker=broker,
        generators=(generator,),
        workers=dict.fromkeys(others),
    )


def command(scheduler: str, worker: str) -> list[str]:
    """What leads to a far keeper there."""
    return [*_RELAY, scheduler, worker]


def address_of(worker: str) -> str:
    """The address of a worker's host, from the worker's own."""
    return urlsplit(worker).hostname or ""


def workers_of(scheduler: str) -> Sequence[str]:
    done = subprocess.run(
        [*_RELAY, scheduler],
        env=built(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=ASK_S,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["the cluster does not answer"]
        raise UsageError(f"--cluster {said[-1]}")
    return sorted(done.stdout.split())
