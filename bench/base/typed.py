"""Names of the user's in a command that they are told to type."""

import shlex
from pathlib import Path


def typed(name: Path | str) -> str:
    """A file or folder as a shell takes it for one word, and no program for an option."""
    text = str(name)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)
