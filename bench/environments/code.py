"""The in-cell code as processes of any environment find it."""

import sys
from pathlib import Path

from adapters.base import Adapter
from bench.host import ROOT


def code_folder(adapter: Adapter, work: Path) -> Path:
    """A folder with the in-cell code and nothing else.

    Where bench is installed, its own folder holds the libraries of another environment.
    """
    module = sys.modules[type(adapter).__module__]
    outside = Path(str(module.__file__)).resolve().parents[module.__name__.count(".")]
    code = work / "code"
    code.mkdir(exist_ok=True)
    first = module.__name__.partition(".")[0]
    for name, folder in {first: outside, "adapters": ROOT, "bench": ROOT}.items():
        if not (code / name).exists():
            (code / name).symlink_to(folder / name)
    return code
