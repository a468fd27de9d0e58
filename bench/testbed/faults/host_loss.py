"""host-loss: a worker host hears and says nothing any more, then everything there is killed.

Nobody closes its connections, so the broker believes in them: that is what a `kill -9` of the same
processes does not do.
"""

from bench.hosts.cell_host import kill_trees
from bench.testbed.faults.struck import Struck
from bench.testbed.faults.worker_hosts import cut, worker_hosts
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """The first worker host, while all slots are busy."""
    return lose(testbed)


def lose(testbed: Testbed) -> Struck:
    """The first worker host; it does not come back in this cell."""
    host = worker_hosts(testbed)[0]
    t0 = cut(testbed, [host])
    _, pids = kill_trees(testbed.fleet.lose(host))
    return Struck(t0, pids)
