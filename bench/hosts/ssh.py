"""Hosts by OpenSSH's own client: the user's keys, config, agents and jump hosts."""

import sys
from ipaddress import ip_address

from bench.base.errors import UsageError
from bench.hosts.channel import Channel
from bench.hosts.sent_keeper import shell_command

# What ssh reads of the user's: the agent that has the keys, and where their config is.
VARIABLES = ("SSH_AUTH_SOCK", "HOME", "LOCPATH")
# It asks nothing, for nobody would see it; an unknown host key is refused, whatever else is set.
OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
    *("-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=3"),
    *("-o", "ClearAllForwardings=yes", "-o", "RequestTTY=no", "-o", "LogLevel=ERROR"),
)


def command(destination: str) -> list[str]:
    """What leads to a far keeper there: its default `python3` of our minor version."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    # Where it has no program of that name its python3 may still be of that version, or say so.
    found = f"$(command -v {python} || command -v python3 || echo {python})"
    keeper = shell_command("QB_PYTHON", sys.version_info[:2]).replace("QB_PYTHON", found, 1)
    return ["ssh", *OPTIONS, "--", destination, f"exec {keeper}"]


def address_of(channel: Channel, name: str) -> str:
    """Where other hosts reach it: the address at which ssh came in; UsageError where that is none
    of a private network."""
    found = str(channel.facts["ssh"]).split()
    try:
        address = ip_address(found[2].partition("%")[0])
    except (IndexError, ValueError):
        raise UsageError(f"{name} does not say by which address ssh came in") from None
    if not address.is_private or address.is_loopback:
        raise UsageError(
            f"{name} was reached at {address}, which is no address of a private network: "
            "lead ssh there by a private one"
        )
    return str(address)
