"""`--hosts`: which hosts a run is asked to use, and the run while it has them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.base.errors import UsageError
from bench.brokers.choice import Servers
from bench.hosts.hosts_file import Hosts, read_hosts
from bench.model.broker import family_of_scheme
from bench.run.runner import Runner

EACH = 1  # workers of a worker host, where nobody counts them


def hosts_asked(
    given: str | None, cluster: str | None = None, begun: str = "", resuming: bool = False
) -> Hosts | None:
    """The hosts of a run; of one that is taken up those with which it was begun.

    UsageError where these have to be named again, for a run keeps no name of a host, or are others.
    """
    if given and cluster:
        raise UsageError("--hosts and --cluster both say where a run takes place: leave one out")
    if cluster:
        from bench.hosts.dask_cluster import placed

        found = Hosts(placed(cluster))
        if resuming and found.placement.engine_and_count != begun:
            raise UsageError(f"this run was begun on {begun or 'one host'}: {cluster} has others")
        return found
    if not resuming:
        return read_hosts(given) if given else None
    engine, _, count = begun.partition(":")
    if not begun:
        if given:
            raise UsageError("this run was begun on one host: leave --hosts out")
        return None
    if engine == "netns":
        if given not in (None, begun):
            raise UsageError(f"this run was begun with --hosts {begun}: leave --hosts out")
        return read_hosts(begun)
    if given is None:
        raise UsageError(
            "this run was begun on several hosts, whose names it does not keep: name "
            "them again by --hosts FILE or --cluster URL"
        )
    found = read_hosts(given)
    if found.placement.engine_and_count != begun:
        raise UsageError(f"this run was begun on {count} hosts: {given} has others")
    return found


def with_url(servers: Servers, hosts: Hosts | None) -> Servers:
    """The user's servers, and the one that the file of hosts names."""
    if hosts is None or not hosts.url:
        return servers
    family = family_of_scheme(urlsplit(hosts.url).scheme)
    return {**servers, family: hosts.url}


def refuse_undone(hosts: Hosts | None, scenarios: tuple[str, ...], own: Servers) -> None:
    """UsageError for what is not done on several hosts."""
    if hosts is None:
        return
    if "workload" in scenarios:
        raise UsageError("a load from a file runs on one host so far: leave --hosts out")
    if own:
        raise UsageError(
            f"--{next(iter(own))} is for one host: give [broker] url in the file of hosts"
        )


@contextmanager
def on_them(hosts: Hosts | None, runner: Runner, folder: Path, wait: bool) -> Iterator[None]:
    """The runner's cells run there; nothing of ours is left on them at the end."""
    if hosts is None:
        yield
        return
    # Only now: what has no other hosts loads nothing of it.
    from bench.hosts.far_hosts import opened
    from bench.run.far_run import settle_on

    says = folder / "hosts"
    says.mkdir(exist_ok=True)
    with opened(hosts.placement, says, wait) as found:
        settle_on(runner, found)
        yield
