"""A fault is a member of the enum, and a file that strikes where no task brings it about."""

from bench.base.paths import ROOT
from bench.model.fault import CORE, FAULTS, FURTHER, OF_HOSTS, Fault
from bench.testbed.faults import strike_of

# What several of them share.
SHARED = {"__init__", "struck", "broker_away", "network_away", "poison_task", "worker_hosts"}


def test_every_fault_that_no_task_brings_about_has_a_file() -> None:
    struck = {fault for fault in Fault if not fault.work}
    assert all(callable(strike_of(fault)) and fault.about for fault in struck)
    files = {path.stem for path in (ROOT / "bench" / "testbed" / "faults").glob("*.py")}
    assert files - SHARED == {fault.name.lower() for fault in struck}


def test_every_fault_but_none_is_a_core_or_a_further_one() -> None:
    assert {*CORE, *FURTHER, *OF_HOSTS} == set(FAULTS) == set(Fault) - {Fault.NONE}
