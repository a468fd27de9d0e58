"""A fault is a member of the enum, and a function that strikes where no task brings it about."""

from bench.model.fault import CORE, FAULTS, FURTHER, Fault
from bench.testbed.faults import STRIKES


def test_every_fault_that_no_task_brings_about_has_a_strike() -> None:
    assert set(STRIKES) == {fault for fault in Fault if not fault.work}
    assert all(fault.about for fault in Fault)


def test_every_fault_but_none_is_a_core_or_a_further_one() -> None:
    assert {*CORE, *FURTHER} == set(FAULTS) == set(Fault) - {Fault.NONE}
