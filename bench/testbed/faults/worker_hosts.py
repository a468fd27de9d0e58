"""What the faults of hosts share: cutting worker hosts off from their broker."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from bench.base.errors import CellFailed, NotOffered, Unavailable
from bench.hosts.far_host import FarHost
from bench.model.broker import SCHEMES
from bench.testbed.testbed import Testbed


def worker_hosts(testbed: Testbed) -> Sequence[FarHost]:
    """Those of the cell; NotOffered where all runs on one host."""
    found = [host for host in testbed.stage.workers if isinstance(host, FarHost)]
    if not found:
        raise NotOffered("all of it runs on one host: measure this with --hosts")
    return found


def cut(testbed: Testbed, hosts: Sequence[FarHost]) -> int:
    """Have these and the broker hear nothing of each other any more; the stamp after the first.

    Our own way to the hosts stays. Unavailable where we may not do that there.
    """
    parts = urlsplit(testbed.broker.url)
    port = parts.port or SCHEMES[parts.scheme].port
    assert parts.hostname
    try:
        return min([host.cut(parts.hostname, port) for host in hosts])
    except CellFailed as failed:
        raise Unavailable(f"{failed}; it takes nft and CAP_NET_ADMIN there") from None
