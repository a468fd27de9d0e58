"""worker-crash: SIGKILL of every worker process."""

from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """The tree is stopped first, all of it killed, and proven gone."""
    t0, victims = testbed.host.kill_tree(testbed.fleet.roots())
    return Struck(t0, victims)
