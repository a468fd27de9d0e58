"""What a run keeps of the hosts that it is measured on."""

from bench.environments.far import environments_on
from bench.hosts.channel import Channel
from bench.hosts.far_hosts import FarHosts
from bench.model.manifest import HostRecord
from bench.run.runner import Runner
from bench.testbed.far_stage import on_hosts


def settle_on(runner: Runner, hosts: FarHosts) -> None:
    """The cells that follow run on these hosts, where each arm gets its environment.

    run.json says what each of them is, and that one machine plays all of them where it does.
    """
    if hosts.placement.engine != "netns":  # these have our own files
        environments_on([*hosts.senders, *hosts.workers], runner.plan.arms)
    records = tuple(_record(host.channel) for host in hosts.all)
    warning = (
        f"one machine plays {len(records)} hosts: that proves the instrument, and says nothing of "
        "how a system scales"
    )
    runner.settle(on_hosts(hosts), records, warning if hosts.one_machine else "")


def _record(channel: Channel) -> HostRecord:
    facts = channel.facts
    return HostRecord(
        role=channel.label,
        boot_id=str(facts["boot"]),
        clock=channel.clock,
        cores=int(facts["cores"]),
        memory_bytes=int(facts["memory_bytes"]),
        arch=str(facts["arch"]),
        kernel=str(facts["kernel"]),
        python=".".join(map(str, facts["python"])),
    )
