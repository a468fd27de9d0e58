"""A real latin-1 locale, in which terminals and files are not UTF-8."""

import os
import subprocess
from pathlib import Path

import pytest

NAME = "de_DE.ISO-8859-1"


def latin1(folder: Path) -> dict[str, str]:
    """The variables of such a locale, the system's own or one that is made in the folder."""
    known = subprocess.run(["locale", "-a"], capture_output=True, check=True).stdout.split()
    if b"de_DE.iso88591" in known:
        return {"LC_ALL": NAME}
    if not Path("/usr/share/i18n/locales/de_DE").exists():
        pytest.skip("no latin-1 locale, and nothing to make one of: apt install locales")
    command = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / NAME)]
    subprocess.run(command, capture_output=True, check=True)
    return {"LC_ALL": NAME, "LOCPATH": str(folder)}


def environment(folder: Path, root: Path) -> dict[str, str]:
    """That of a shell in this locale."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "PYTHON"))
    }
    return {**ours, **latin1(folder), "PYTHONPATH": str(root)}
