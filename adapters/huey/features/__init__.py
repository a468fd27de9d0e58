"""Huey's trials: each shows one feature, live, by public API alone."""

from adapters.huey.features import calls, clocks, control, flows, queues, results, security, webs

TRIALS = [
    *calls.TRIALS,
    *clocks.TRIALS,
    *queues.TRIALS,
    *results.TRIALS,
    *flows.TRIALS,
    *control.TRIALS,
    *security.TRIALS,
    *webs.TRIALS,
]
