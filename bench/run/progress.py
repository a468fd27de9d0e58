"""The live display of a run in the terminal."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.analysis.formatting import measure_in_words
from bench.base import streams
from bench.model.cell import Cell
from bench.model.manifest import CalibrationRecord, CellLine
from bench.model.metric import METRICS
from bench.run.runner import Watcher

SHOWN = (
    *(
        "throughput",
        "ceiling_share",
        "bulk_enqueue_rate",
        "capacity",
        "latency_p90_ms",
        "latency_p99_ms",
        "round_trip_p50_ms",
    ),
    *(
        "service_recovery_s",
        "work_recovery_s",
        "worker_growth_bytes_per_1000",
        "broker_growth_bytes_per_1000",
        "lost",
        "failed",
        "stuck",
        "refused",
    ),
)


class Live(Watcher):
    """Cell n of m, phase, tasks done, rate, time left."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self.bar = Progress(
            SpinnerColumn("dots" if out.encoding.startswith("utf") else "line"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=out,
            transient=True,
            # Ten times a second is what rich does by default, and it would cost the workers a share
            # of the machine.
            refresh_per_second=2,
        )
        self.task = self.bar.add_task("preparing", total=None, note="")
        self._label, self._left_s, self._began = "", 0.0, time.monotonic()
        self._phase, self._first = "", (0.0, 0)
        super().__init__(
            self._planned,
            self._estimated,
            self._cell_began,
            self._progress,
            self._said,
            self._cell_ended,
        )

    def _planned(self, todo: list[Cell]) -> None:
        if not todo:
            return self._said("plan: nothing is missing, every cell of this run is there")
        arms = ", ".join(dict.fromkeys(cell.arm.name for cell in todo))
        counted = Counter(cell.scenario for cell in todo)
        cells = "1 cell" if len(todo) == 1 else f"{len(todo)} cells"
        by_scenario = ", ".join(f"{count} {name}" for name, count in counted.items())
        self._said(f"plan: {cells} ({by_scenario}) of {arms}")

    def _estimated(self, calibrations: Mapping[str, CalibrationRecord], seconds: float) -> None:
        rates = ", ".join(
            f"{name} about {c.tasks_per_s:,.0f}/s" for name, c in calibrations.items()
        )
        self._left_s = seconds
        self._said(f"calibrated: {rates}")
        self._said(f"this will take about {_minutes(seconds)}")
        self._began = time.monotonic()

    def _cell_began(self, cell: Cell, at: int, of: int) -> None:
        self._label = f"cell {at} of {of}: {cell.label}"

    def _progress(self, phase: str, done: int, of: int) -> None:
        streams.look()
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._first = phase, (now, done)
        seconds = now - self._first[0]
        rate = (
            f", {(done - self._first[1]) / seconds:,.0f}/s"
            if done and seconds > 0.5 and phase != "recovery"
            else ""
        )
        unit = " s" if phase == "recovery" else ""
        counted = f"{done:,} of {of:,}{unit}" if of else (f"{done:,}" if done else "")
        left = self._left_s - (now - self._began)
        eta = f" · about {_minutes(left)} left" if left > 0 else ""
        self.bar.update(
            self.task,
            description=f"{self._label} · {phase}",
            total=of or None,
            completed=done,
            note=f"{counted}{rate}{eta}",
        )

    def _said(self, line: str) -> None:
        self.out.print(line, markup=False, soft_wrap=True)

    def _cell_ended(self, cell: Cell, line: CellLine, measures: pd.DataFrame) -> None:
        same = (
            (measures["scenario"] == cell.scenario)
            & (measures["case"] == cell.case)
            & (measures["arm"] == cell.arm.name)
            & (measures["part"] == "")
        )
        newest = measures[same & (measures["block"] == cell.block)].drop_duplicates(
            "metric", keep="last"
        )
        figures = ", ".join(
            _in_words(row)
            for row in newest.itertuples()
            if row.metric in SHOWN and (METRICS[str(row.metric)].kind != "count" or row.value != 0)
        )
        fault = "" if line.verdict == "ok" else f"{line.verdict}: {line.reason}"
        self._said(
            f"{cell.number:3d}  {cell.label}: {fault or figures or 'done'}  ({line.seconds} s)"
        )


def _in_words(row: Any) -> str:
    """A row of measures.csv; a call that was refused is no task."""
    if row.metric == "refused" and not pd.isna(row.value):
        return f"{row.value:,.0f} call{'s' if row.value != 1 else ''} refused"
    return f"{METRICS[str(row.metric)].label.lower()} {measure_in_words(row)}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
