"""A process that carries out one trial and writes down what it observed.

`python -m bench.inprocess.trials.driver MODULE TRIAL FOLDER SECONDS`
"""

import json
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.inprocess import cell_context
from bench.inprocess.trials.lab import GaveUp, Lab
from bench.inprocess.trials.trial import LACKING


def main() -> None:
    """Run it; whatever happens, `observation.json` says what."""
    module, name, folder, seconds = sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])
    began = time.monotonic()
    report: dict[str, Any] = {}
    try:
        trials = {each.name: each for each in import_module(module).TRIALS}
        report["observation"] = trials[name].carry_out(Lab(folder, cell_context.broker(), seconds))
    except GaveUp as error:
        report["gave_up"] = str(error)
    except ModuleNotFoundError as error:
        # A missing part of an installed package is lacking in this version of it; it is no package
        # beside the system.
        of_it = str(error.name).partition(".")[0] in sys.modules
        report["gave_up"] = (
            f"{type(error).__name__}: {error}"
            if of_it
            else f"{error.name} {LACKING} 'queue-bench[features]'"
        )
    except Exception as error:
        report["gave_up"] = f"{type(error).__name__}: {error}"[:500]
        report["traceback"] = traceback.format_exc()[-3000:]
    report["seconds"] = round(time.monotonic() - began, 2)
    part = folder / "observation.json.part"
    part.write_text(json.dumps(report, default=str), encoding="utf-8")
    part.rename(folder / "observation.json")


if __name__ == "__main__":
    main()
