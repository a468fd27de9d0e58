"""deploy: SIGTERM to every main process, replacements at once, SIGKILL after ten seconds."""

from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Stage

GRACE_S = 10.0


def strike(stage: Stage, busy: list[int]) -> Struck:
    """All replaced at once."""
    t0, old = stage.fleet.replace_all(GRACE_S)
    return Struck(t0, old)
