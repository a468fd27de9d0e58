"""The code that measured processes import, in a folder of its own, and nothing else beside it.

Where bench is installed, its own folder holds the libraries of another environment.
"""

import os
import shutil
import sys
from pathlib import Path

from adapters.base import Adapter
from bench.base.paths import ROOT

FOLDER = "code"


def task_code(work: Path, adapter: Adapter) -> Path:
    """Make the folder below `work`, once, and give its path; it holds bench and the adapters."""
    module = sys.modules[type(adapter).__module__]
    outside = Path(str(module.__file__)).resolve().parents[module.__name__.count(".")]
    code = work / FOLDER
    code.mkdir(exist_ok=True)
    packages = {module.__name__.partition(".")[0]: outside, "adapters": ROOT, "bench": ROOT}
    for name, folder in packages.items():
        if not (code / name).exists():
            _bring(folder / name, code / name)
    return code


def _bring(package: Path, target: Path) -> None:
    """A link, or a copy where Python could not keep what it compiles.

    Without a .pyc RQ's default worker compiles its task module in every fork: 1.23 ms instead of
    0.56.
    """
    if keeps_compiled(package):
        target.symlink_to(package)
    else:
        shutil.copytree(package, target, ignore=shutil.ignore_patterns("*.html", "*.css", "*.js"))


def keeps_compiled(package: Path) -> bool:
    """Whether Python can write what it compiles beside this code."""
    cache = package / "__pycache__"
    return os.access(cache if cache.is_dir() else package, os.W_OK | os.X_OK)
