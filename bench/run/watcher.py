"""Whoever sees a run go by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.model.cell import Cell
from bench.run.calibration import Calibration


@dataclass
class Watcher:
    """Whoever wants to see the run go by; the defaults look away."""

    planned: Callable[[list[Cell]], None] = lambda todo: None
    estimated: Callable[[dict[str, Calibration], float], None] = lambda found, seconds: None
    began: Callable[[Cell, int, int], None] = lambda cell, at, of: None
    progress: Callable[[str, int, int], None] = lambda phase, done, of: None
    said: Callable[[str], None] = lambda line: None
    ended: Callable[[Cell, dict[str, Any], pd.DataFrame], None] = lambda cell, line, measures: None
