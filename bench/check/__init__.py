"""The gate: is head worse than base?

A pure function over blocks decides, so that it can be judged on recorded blocks (tools/gate_lab).
"""
