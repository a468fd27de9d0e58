"""Callbacks for the progress of a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from bench.model.cell import Cell
from bench.model.manifest import CalibrationRecord, CellLine


@dataclass
class Watcher:
    """Callbacks that a runner makes as it goes; the defaults do nothing."""

    planned: Callable[[list[Cell]], None] = lambda todo: None
    estimated: Callable[[Mapping[str, CalibrationRecord], float], None] = lambda rates, s: None
    began: Callable[[Cell, int, int], None] = lambda cell, at, of: None
    progress: Callable[[str, int, int], None] = lambda phase, done, of: None
    said: Callable[[str], None] = lambda line: None
    ended: Callable[[Cell, CellLine, pd.DataFrame], None] = lambda cell, line, measures: None
