"""deploy: SIGTERM to every main process, replacements at once, SIGKILL after ten seconds."""

from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

GRACE_S = 10.0


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Replace every main process at once."""
    t0, old, _ = testbed.fleet.replace(GRACE_S)
    return Struck(t0, [process.pid for process in old])
