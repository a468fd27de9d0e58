"""How an order of a far keeper is answered. Standard library only."""

from typing import Any

Given = dict[str, Any]
"""What an answer holds, by name: JSON, as its order says."""


class Refused(Exception):
    """An order that cannot be carried out, in words for whoever reads the cell's reason."""
