"""worker-crash: SIGKILL of every worker process."""

from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Stage


def strike(stage: Stage, busy: list[int]) -> Struck:
    """The tree is stopped first, all of it killed, and proven gone."""
    t0, victims = stage.host.kill_tree(stage.fleet.roots())
    return Struck(t0, victims)
