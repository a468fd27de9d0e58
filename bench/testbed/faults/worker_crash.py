"""worker-crash: SIGKILL of every worker process."""

from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Stop the whole tree, kill all of it, and prove it gone."""
    return Struck(*testbed.host.kill_tree(testbed.fleet.roots()))
