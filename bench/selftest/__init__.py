"""Proof of the instrument: a queue with a known truth is measured like any system."""
