"""What --hosts says: a file of hosts by their roles, or namespaces of this machine."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.base.errors import UsageError
from bench.base.toml_file import TomlFile, read_toml
from bench.base.toml_lines import Place
from bench.hosts.hosts_form import (
    BrokerHost,
    GeneratorHosts,
    HostsForm,
    WorkerHosts,
)
from bench.model.arm import nearest
from bench.model.placement import Placement
from bench.model.stored import Record
from bench.model.toml_form import validated

FEWEST, MOST = 3, 64  # namespaces: a broker, a generator, and a worker at least
_NAMESPACES = re.compile(r"netns:(.*)", re.DOTALL)
_FORMS: Mapping[Place, type[Record]] = {
    (): HostsForm,
    ("broker",): BrokerHost,
    ("generators",): GeneratorHosts,
    ("workers",): WorkerHosts,
}
Misfit = tuple[Place, str]
"""A place in the document, and what is wrong there."""


@dataclass(frozen=True)
class Hosts:
    """The hosts of a run. `url` is the broker's with its password, empty where we start one.

    It is kept apart so that nothing that is stored or shown has it.
    """

    placement: Placement
    url: str = field(default="", repr=False)


def read_hosts(text: str) -> Hosts:
    """The hosts that `--hosts` names; UsageError with file and line for any fault.

    Nothing is reached yet: whether a host is there, and whether two names are one host, is found
    out by asking them for their clocks.
    """
    named = _NAMESPACES.fullmatch(text)
    return Hosts(namespaces(named[1])) if named else _read(Path(text))


def namespaces(count: str) -> Placement:
    """Hosts that are namespaces of this machine: broker, generator, and workers; UsageError."""
    if not re.fullmatch(r"[0-9]{1,4}", count):
        raise UsageError(f"--hosts netns:{count}: write how many, such as netns:4")
    if not FEWEST <= int(count) <= MOST:
        raise UsageError(
            f"--hosts netns:{count}: make it {FEWEST} to {MOST}: "
            "one has the broker, one the load generator, the others are worker hosts"
        )
    workers = {f"netns-{number}": None for number in range(3, int(count) + 1)}
    return Placement(engine="netns", broker="netns-1", generators=("netns-2",), workers=workers)


def _read(path: Path) -> Hosts:
    file = read_toml(path)
    for name in ("broker", "generators", "workers"):
        if not isinstance(file.document.get(name, {}), dict):
            raise file.refusal((name,), f"write [{name}] with one bracket and keys below it")
    form = validated(file, HostsForm, _FORMS.get)
    for misfit in _misfits(form, file):
        raise file.refusal(*misfit)
    url = form.broker.url
    return Hosts(
        Placement(
            engine="ssh",
            broker=form.broker.ssh or "",
            address=form.broker.address or "",
            generators=form.generators.ssh,
            workers={host: _count(form.workers, host) for host in form.workers.ssh},
        ),
        url.get_secret_value() if url else "",
    )


def _count(workers: WorkerHosts, host: str) -> int | None:
    return workers.count.get(host) if isinstance(workers.count, Mapping) else workers.count


def _misfits(form: HostsForm, file: TomlFile) -> Iterator[Misfit]:
    """What only several keys together can tell."""
    broker = form.broker
    if (broker.ssh is None) == (broker.url is None):
        yield ("broker",), "give ssh, the host on which it is started, or url, and not both"
    if broker.address is not None and broker.ssh is None:
        yield ("broker", "address"), "address is where a broker of ours listens: drop it beside url"
    seen: dict[str, str] = {broker.ssh: "[broker]"} if broker.ssh else {}
    for role, hosts in (("generators", form.generators.ssh), ("workers", form.workers.ssh)):
        for number, host in enumerate(hosts):
            if host in seen:
                yield (
                    (role, "ssh", number),
                    f"{host} is in {seen[host]} already: a host has one role, once",
                )
            seen[host] = f"[{role}]"
    count = form.workers.count
    for host in count if isinstance(count, Mapping) else ():
        if host not in form.workers.ssh:
            yield ("workers", "count", host), str(nearest(host, form.workers.ssh, "worker host"))
