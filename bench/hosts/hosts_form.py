"""The form of hosts.toml: what one key alone can tell is refused here."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from bench.model.broker import SCHEMES
from bench.model.stored import Record

MOST_WORKERS = 1024
_SHARED = IPv4Network("100.64.0.0/10")  # carriers' and overlay networks: not routed, RFC 6598
# Neither an option of ssh nor anything that a ProxyCommand's shell would take for its own.
_DESTINATION = re.compile(r"(?:ssh://)?(?!-)(?:[\w.+~\\-]+@)?(?!-)[\w.:%\[\]-]+/?")


def destination(value: object) -> str:
    """Where ssh leads, as it is typed there; ValueError if ssh would not take it so."""
    if not isinstance(value, str) or not _DESTINATION.fullmatch(value):
        raise ValueError(
            f"{value!r} is not where ssh leads: write it as behind `ssh`, such as user@host"
        )
    if value.count(":") == 1 and not value.startswith("ssh://"):
        raise ValueError(f"{value!r}: a port is written ssh://user@host:port, or in ssh's config")
    return value


def private_address(value: object) -> str:
    """An address that the internet does not reach; ValueError for any other."""
    try:
        address = ip_address(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not an address: write numbers, such as 10.0.0.5") from None
    if address.is_loopback or address.is_link_local:
        raise ValueError(f"other hosts do not reach {value}: give an address that they do")
    if address.is_unspecified or not (address.is_private or address in _SHARED):
        raise ValueError(f"{value} may be reached from anywhere: give a private address")
    return str(value)


def broker_url(value: object) -> str:
    """The URL of a server that all hosts reach; ValueError without a word of it.

    It is read in full where the broker is made.
    """
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme = host = ""
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES if name != "unix")
        raise ValueError(f"this is not the URL of a broker: it begins with {known}")
    if host in ("", "localhost", "::1") or host.startswith("127."):
        raise ValueError("this server is on one host alone: give a URL that all hosts reach")
    return str(value)


def destinations(value: object) -> list[object]:
    """Several; each is read by itself."""
    if not isinstance(value, list):
        raise ValueError('write a list, such as ["b", "c"]')
    if not value:
        raise ValueError("name one host at least")
    return value


def counts(value: object) -> object:
    """How many workers: one number for each host, or a number for some of them by name."""
    for each in value.values() if isinstance(value, dict) else [value]:
        if isinstance(each, bool) or not isinstance(each, int) or not 1 <= each <= MOST_WORKERS:
            raise ValueError(f"{each!r} is not a number of workers: make it 1 to {MOST_WORKERS}")
    return value


Destination = Annotated[str, BeforeValidator(destination)]
Destinations = Annotated[tuple[Destination, ...], BeforeValidator(destinations)]


class BrokerHost(Record):
    """[broker]: a host on which we start it, or the URL of a server that is there."""

    ssh: Destination | None = None
    address: Annotated[str, BeforeValidator(private_address)] | None = None
    url: Annotated[SecretStr, BeforeValidator(broker_url)] | None = None


class GeneratorHosts(Record):
    """[generators]"""

    ssh: Destinations


class WorkerHosts(Record):
    """[workers]; `count` is by host where they are not alike, and --workers for the others."""

    ssh: Destinations
    count: Annotated[int | Mapping[str, int], BeforeValidator(counts)] | None = None


class HostsForm(Record):
    """The whole file."""

    broker: BrokerHost
    generators: GeneratorHosts
    workers: WorkerHosts
