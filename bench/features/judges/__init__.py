"""The judges: pure functions from an observation to a judgement, the same for every system."""

from collections.abc import Mapping

from bench.features.judges import (
    judge_calls,
    judge_clocks,
    judge_control,
    judge_flows,
    judge_pools,
    judge_queues,
    judge_results,
    judge_webs,
)
from bench.model.feature_outcome import NOT_OFFERED, UNKNOWN, Judge, Judgement, Observation

JUDGES: Mapping[str, Judge] = {
    **judge_calls.JUDGES,
    **judge_pools.JUDGES,
    **judge_clocks.JUDGES,
    **judge_queues.JUDGES,
    **judge_results.JUDGES,
    **judge_flows.JUDGES,
    **judge_control.JUDGES,
    **judge_webs.JUDGES,
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
