"""Versions and checkouts as arms: a virtual environment of its own for each set of requirements."""
