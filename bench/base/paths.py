"""Where the code lies: in a checkout, or where it was installed."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds `bench`, `adapters` and `scenarios`."""
