"""deploy: SIGTERM to every main process, replacements at once, SIGKILL after ten seconds."""

from bench.testbed.faults.injection import Injection
from bench.testbed.testbed import Testbed

GRACE_S = 10.0


def strike(testbed: Testbed, busy: list[int]) -> Injection:
    """Replace every main process at once."""
    t0, old = testbed.fleet.replace_all(GRACE_S)
    return Injection(t0, old)
