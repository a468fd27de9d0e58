"""Callbacks for the progress of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.model.cell import Cell
from bench.run.calibration import Calibration


@dataclass
class Watcher:
    """Callbacks that a runner makes as it goes; the defaults do nothing."""

    planned: Callable[[list[Cell]], None] = lambda todo: None
    estimated: Callable[[dict[str, Calibration], float], None] = lambda rates, seconds: None
    began: Callable[[Cell, int, int], None] = lambda cell, at, of: None
    progress: Callable[[str, int, int], None] = lambda phase, done, of: None
    said: Callable[[str], None] = lambda line: None
    ended: Callable[[Cell, dict[str, Any], pd.DataFrame], None] = lambda cell, line, measures: None
