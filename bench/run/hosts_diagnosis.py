"""`bench doctor --hosts`: what each host has, what is missing there, how well clocks are known."""

import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bench.base.errors import CellFailed, UsageError
from bench.brokers.redis.binary import SERVERS, find_far
from bench.hosts import ssh
from bench.hosts.channel import Channel
from bench.hosts.far_host import FarHost
from bench.hosts.far_hosts import FarHosts, gathered, ways
from bench.hosts.hosts_file import Hosts
from bench.model.placement import Placement
from bench.record.clock_bounds import Pings, offset_bounds
from bench.run.diagnosis import Diagnosis

PINGED_S = 3.0
PINGS = 20
PLAIN = {"redis", "amqp", "postgresql", "postgres"}  # schemes of URLs without TLS


def check_hosts(hosts: Hosts) -> list[Diagnosis]:
    """One finding for each host, then for what several of them are needed for."""
    placement = hosts.placement
    with ExitStack() as stack:
        says = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="queue-bench-")))
        reached, findings = dict[str, FarHost](), list[Diagnosis]()
        try:
            found = stack.enter_context(ways(placement))
        except UsageError as error:
            return [Diagnosis("hosts", "missing", str(error))]
        for name, label in placement.labels().items():
            argv, address = found[name]
            try:
                channel = Channel(label, argv, says / f"{label}.txt", ssh.VARIABLES)
                stack.enter_context(channel)
                address = address or ssh.address_of(channel, label)
                reached[name] = FarHost(channel, address)
                findings.append(_host(reached[name]))
            except (UsageError, CellFailed) as error:
                findings.append(_unreached(label, name, str(error)))
        if len(reached) == len(found):
            findings += _together(placement, reached)
    return [*findings, *_traffic(hosts)]


def _unreached(label: str, name: str, why: str) -> Diagnosis:
    """The name is for whoever typed it; results know the label alone."""
    detail = why.removeprefix(f"{label}: ")
    fix = f"ssh {name} python3 -V has to answer without a question" if "/" not in name else ""
    return Diagnosis(f"{label} ({name})", "missing", detail, fix)


def _host(host: FarHost) -> Diagnosis:
    """What it is, and how long a question to it takes."""
    facts = host.channel.facts
    pings = [host.channel.ping() for _ in range(PINGS)]
    trip_ms = statistics.median((each[3] - each[0]) / 1e6 for each in pings)
    python = ".".join(map(str, facts["python"]))
    detail = (
        f"Python {python}, {facts['cores']} cores, {facts['memory_bytes'] / 2**30:.1f} GiB, "
        f"Linux {facts['kernel']} on {facts['arch']}, {facts['free_bytes'] / 2**30:.0f} GiB free, "
        f"at {host.address}, answers in {trip_ms:.2g} ms"
    )
    return Diagnosis(host.label, "ok", detail)


def _together(placement: Placement, reached: Mapping[str, FarHost]) -> Iterator[Diagnosis]:
    """What takes several hosts: a server, clocks, and hosts that are not one."""
    try:
        hosts = gathered(placement, reached)
    except UsageError as error:
        yield Diagnosis("hosts", "missing", str(error))
        return
    if hosts.broker:
        yield _server(hosts.broker)
    yield from _clocks(hosts)
    if hosts.one_machine:
        yield Diagnosis(
            "hosts",
            "note",
            f"one machine plays all {len(hosts.all)} of them",
            "they prove the instrument and say nothing of how a system scales",
        )


def _server(broker: FarHost) -> Diagnosis:
    try:
        return Diagnosis("broker's server", "ok", str(find_far(broker, SERVERS)))
    except UsageError as error:
        what, _, fix = str(error).rpartition(": ")
        return Diagnosis("broker's server", "missing", what, fix)


def _clocks(hosts: FarHosts) -> Iterator[Diagnosis]:
    """How well the clocks of each sender and each worker are known after some seconds."""
    hosts.start_pings()
    time.sleep(PINGED_S)
    labels = {host.channel.clock: host.label for host in hosts.all}
    for (near, far), rows in hosts.pings().items():
        pair = f"clocks of {labels[near]} and {labels[far]}"
        pings = Pings.of(rows)
        bounds = offset_bounds(pings)
        if bounds.unfit:
            fix = "let UDP between these hosts through" if not len(pings.sent) else ""
            yield Diagnosis(pair, "missing", bounds.unfit, fix)
            continue
        half = bounds.far(pings.sent).half()
        trip_us = float(np.median(pings.round_trips_ns())) / 1e3
        yield Diagnosis(
            pair,
            "ok",
            f"known to ± {float(np.median(half)) / 1e3:.0f} µs; round trip {trip_us:.0f} µs",
        )
    hosts.stop_pings()


def _traffic(hosts: Hosts) -> Sequence[Diagnosis]:
    """What is not encrypted."""
    scheme = hosts.url.partition(":")[0]
    if hosts.placement.engine == "netns" or (scheme and scheme not in PLAIN):
        return []
    detail = "between hosts and broker nothing is encrypted"
    return [Diagnosis("traffic", "note", detail, "name a server with TLS by [broker] url")]
