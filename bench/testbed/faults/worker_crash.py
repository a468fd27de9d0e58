"""worker-crash: SIGKILL of every worker process."""

from bench.testbed.faults.injection import Injection
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Injection:
    """The tree is stopped first, all of it killed, and proven gone."""
    t0, victims = testbed.host.kill_tree(testbed.fleet.roots())
    return Injection(t0, victims)
