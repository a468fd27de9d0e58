"""worker-crash: SIGKILL of every worker process."""

from bench.testbed.faults.injection import Injection
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Injection:
    """Stop the whole tree, kill all of it, and prove it gone."""
    t0, victims = testbed.host.kill_tree(testbed.fleet.roots())
    return Injection(t0, victims)
