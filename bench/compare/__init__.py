"""Comparison of two runs or two arms: what changed, by how much, and whether that is decided."""
