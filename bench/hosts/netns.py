"""Hosts that are namespaces of this machine: networks, names and clocks of their own.

They prove the instrument, never scaling: all of them share this machine's cores. Bench itself goes
into a network of its own before, so that nothing is left in the machine's: all of it ends with its
last process, however that dies. Traffic leaves that network nowhere.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.base.environ import built
from bench.base.errors import UsageError
from bench.hosts import namespace_holder
from bench.hosts.sent_keeper import python_command

NETWORK, BRIDGE = "10.217.0", "qb-bridge"
# Clocks that nobody could take for one another: hosts have them in turn.
OFFSETS_NS = (1_234_567_000_000, -100_000_000_000, 5_126_000_000, 86_400_000_000_000)
TOOLS = {"ip": "iproute2", "nsenter": "util-linux"}


@dataclass(frozen=True)
class NamespaceHost:
    """One of them: the pid by which it is entered, and its address."""

    name: str
    pid: int
    address: str

    def command(self, argv: Sequence[str]) -> list[str]:
        """What runs this inside."""
        return ["nsenter", "-t", str(self.pid), "--net", "--uts", "--time", "--", *argv]

    def keeper(self) -> list[str]:
        """What starts a far keeper inside."""
        return self.command(python_command(sys.executable, sys.version_info[:2]))

    def link(self, up: bool) -> None:
        """Plug its cable in, or out: nothing goes either way."""
        _ip("link", "set", _cable(self.address), "up" if up else "down")


def _cable(address: str) -> str:
    """Our end of a host's cable."""
    return f"qb-{address.rpartition('.')[2]}"


@contextmanager
def namespaces(names: Sequence[str], own_clocks: bool = True) -> Iterator[list[NamespaceHost]]:
    """So many hosts, each with a cable to one bridge that we hold; gone at the end.

    UsageError where this machine or our rights do not have what it takes.
    """
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            raise UsageError(f"--hosts netns needs the program {tool}: apt install {package}")
    enter_own_network()
    with ExitStack() as stack:
        yield [
            stack.enter_context(_host(name, number, own_clocks))
            for number, name in enumerate(names)
        ]


_entered: list[bool] = []


def enter_own_network() -> None:
    """Once and for good, for this process and all that it starts from now on."""
    if _entered:
        return
    try:
        namespace_holder.unshare(namespace_holder.NEWNET)
    except OSError as error:
        raise UsageError(
            f"--hosts netns needs rights over networks ({error.strerror}): run it as root, or as "
            "`unshare --user --map-root-user --net --mount bench …`"
        ) from None
    _entered.append(True)
    _ip("link", "set", "lo", "up")
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")


@contextmanager
def _host(name: str, number: int, own_clocks: bool) -> Iterator[NamespaceHost]:
    offset_ns = OFFSETS_NS[number % len(OFFSETS_NS)] if own_clocks else 0
    holder = subprocess.Popen(
        [sys.executable, "-S", "-E", str(Path(namespace_holder.__file__)), name, str(offset_ns)],
        env=built(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        encoding="utf-8",
    )
    assert holder.stdin and holder.stdout and holder.stderr
    try:
        if not (told := holder.stdout.readline().strip()):
            raise UsageError(f"--hosts netns: {holder.stderr.read().strip()}")
        host = NamespaceHost(name, int(told), f"{NETWORK}.{number + 2}")
        _plug_in(host)
        yield host
    finally:
        holder.stdin.close()
        holder.wait(timeout=10)
        holder.stdout.close()
        holder.stderr.close()


def _plug_in(host: NamespaceHost) -> None:
    """A cable from the bridge to the host's eth0."""
    near = _cable(host.address)
    _ip(*f"link add {near} type veth peer name eth0 netns {host.pid}".split())
    _ip("link", "set", near, "master", BRIDGE, "up")
    for order in ("link set lo up", f"addr add {host.address}/24 dev eth0", "link set eth0 up"):
        _carry_out(["nsenter", "-t", str(host.pid), "--net", "--", "ip", *order.split()])


def _ip(*order: str) -> None:
    _carry_out(["ip", *order])


def _carry_out(argv: Sequence[str]) -> None:
    done = subprocess.run(
        argv, env=built(), capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        raise UsageError(f"--hosts netns: {' '.join(argv[-6:])}: {done.stderr.strip()[:200]}")
