"""network-cut: every connection is reset and every new one refused, for ten seconds."""

from bench.testbed.faults.injection import Struck
from bench.testbed.faults.network_away import away
from bench.testbed.testbed import Stage


def strike(stage: Stage, busy: list[int]) -> Struck:
    """Cut, and open again."""
    return away(stage, "cut")
