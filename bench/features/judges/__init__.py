"""The judges: pure functions from what was observed to what it is worth, the same for every system."""

from collections.abc import Mapping

from bench.features.judges import calls, clocks, control, flows, pools, queues, results, webs
from bench.features.outcome import NOT_OFFERED, UNKNOWN, Judge, Judgement, Observation

JUDGES: Mapping[str, Judge] = {
    **calls.JUDGES,
    **pools.JUDGES,
    **clocks.JUDGES,
    **queues.JUDGES,
    **results.JUDGES,
    **flows.JUDGES,
    **control.JUDGES,
    **webs.JUDGES,
}


def judge(feature: str, observed: Observation) -> Judgement:
    """What this observation says of this feature; `unknown` if it lacks what the judge needs."""
    if "absent" in observed:
        return Judgement(NOT_OFFERED, str(observed["absent"]))
    if "refused" in observed:
        return Judgement(NOT_OFFERED, f"refused by the library: {observed['refused']}")
    try:
        return JUDGES[feature](observed)
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError) as error:
        return Judgement(UNKNOWN, f"the observation is not whole: {type(error).__name__} {error}")
