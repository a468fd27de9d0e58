"""Does an environment hold what was asked for? Its own Python is asked, not the mark on it."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.base.environ import built
from bench.environments.cache import COMPLETE, there
from bench.model.environment import Package

ASK_S = 60.0
# Run in the environment: name → [version, how many of its files are gone].
PROGRAM = """
import json, os, re, sys
from importlib.metadata import distributions

found = {}
for each in distributions():
    name = re.sub(r"[-_.]+", "-", each.metadata["Name"] or "").lower()
    files = [f for f in each.files or () if not f.name.endswith(".pyc")]
    gone = sum(not os.path.lexists(each.locate_file(f)) for f in files)
    found[name] = [each.version, gone]
json.dump(found, sys.stdout)
"""


def is_whole(folder: Path, packages: Sequence[Package]) -> bool:
    """Whether an environment was built to the end and still holds all of these."""
    return there(folder / COMPLETE) and not lacks(folder, packages)


def lacks(folder: Path, packages: Sequence[Package]) -> list[str]:
    """The distributions that are not there, not in this version, or not with all their files."""
    installed = _found(folder / "bin" / "python")
    missing = (each for each in packages if installed.get(each.name) != [each.version, 0])
    return [f"{each.name}=={each.version}" for each in missing]


def _found(python: Path) -> dict[str, list[object]]:
    """Name → [version, number of missing files]; empty where the interpreter cannot be run."""
    ask = [str(python), "-I", "-c", PROGRAM]
    try:
        output = subprocess.check_output(ask, env=built(), timeout=ASK_S, stderr=subprocess.DEVNULL)
        return dict(json.loads(output))
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}
