"""Comparisons and stored runs in the formats of other tools, one module each."""
