"""A process that carries out one trial and writes down what it observed.

`python -m bench.inprocess.trials.driver MODULE TRIAL FOLDER SECONDS`
"""

import json
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import TypedDict

from bench.inprocess import cell_context
from bench.inprocess.trials.lab import GaveUp, Lab, Observation
from bench.inprocess.trials.trial import LACKING


class Written(TypedDict, total=False):
    """`observation.json`: what was observed, or why nothing was; and the seconds that took."""

    observation: Observation
    gave_up: str
    traceback: str
    seconds: float


def main() -> None:
    """Run it; whatever happens, `observation.json` says what."""
    module, name, folder, seconds = sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])
    began = time.monotonic()
    report = _report(module, name, Lab(folder, cell_context.broker(), seconds))
    part = folder / "observation.json.part"
    report["seconds"] = round(time.monotonic() - began, 2)
    part.write_text(json.dumps(report, default=str), encoding="utf-8")
    part.rename(folder / "observation.json")


def _report(module: str, name: str, lab: Lab) -> Written:
    """The observation, or why there is none."""
    try:
        trials = {each.name: each for each in import_module(module).TRIALS}
        return {"observation": trials[name].carry_out(lab)}
    except GaveUp as error:
        return {"gave_up": str(error)}
    except ModuleNotFoundError as error:
        # A missing part of an installed package is lacking in this version of it; it is no package
        # beside the system.
        if str(error.name).partition(".")[0] in sys.modules:
            return {"gave_up": f"{type(error).__name__}: {error}"}
        return {"gave_up": f"{error.name} {LACKING} 'queue-bench[features]'"}
    except Exception as error:
        return {
            "gave_up": f"{type(error).__name__}: {error}"[:500],
            "traceback": traceback.format_exc()[-3000:],
        }


if __name__ == "__main__":
    main()
