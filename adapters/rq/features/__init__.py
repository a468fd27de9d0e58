"""RQ's trials: each shows one feature, live, by public API alone."""

from adapters.rq.features import calls, clocks, control, flows, outside

TRIALS = [
    *calls.TRIALS,
    *clocks.TRIALS,
    *flows.TRIALS,
    *control.TRIALS,
    *outside.TRIALS,
]
