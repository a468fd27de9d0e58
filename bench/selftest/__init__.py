"""Proof of the instrument: a queue with a known truth, measured like any system, and what must come out."""
