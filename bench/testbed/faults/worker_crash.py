"""worker-crash: SIGKILL of every worker process."""

from bench.hosts.cell_host import kill_trees
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Stop the whole tree, kill all of it, and prove it gone."""
    return Struck(*kill_trees(testbed.fleet.roots()))
