"""What a person sees while a run goes on, and when it is over."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.analysis.stored_measures import open_measured
from bench.base import streams
from bench.base.errors import UsageError
from bench.brokers.choice import Servers
from bench.commands.ending import in_spite
from bench.model.cell import Cell
from bench.model.metric import METRICS
from bench.record.store import Run
from bench.record.stored_features import Features
from bench.run.calibration import Calibration
from bench.run.plan import Plan
from bench.run.runner import Runner
from bench.run.watcher import Watcher
from bench.selftest import stored

SHOWN = (
    *("throughput", "ceiling_share", "bulk_enqueue_rate", "capacity", "latency_p99_ms", "round_trip_p50_ms"),
    *("service_recovery_s", "work_recovery_s", "worker_growth_bytes_per_1000", "broker_growth_bytes_per_1000", "lost", "stuck"),
)


class Live(Watcher):
    """Cell n of m, phase, tasks done, rate, time left."""

    def __init__(self, out: Console) -> None:
        self.out = out
        turning = SpinnerColumn("dots" if out.encoding.startswith("utf") else "line")
        columns = (turning, TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
        # Ten times a second is what rich does unless told, and it would cost the workers a share of the machine.
        self.bar = Progress(*columns, console=out, transient=True, refresh_per_second=2)
        self.task = self.bar.add_task("preparing", total=None, note="")
        self._label, self._left_s, self._began = "", 0.0, time.monotonic()
        self._phase, self._first = "", (0.0, 0)
        super().__init__(self._planned, self._estimated, self._cell_began, self._progress, self._said, self._cell_ended)

    def _planned(self, todo: list[Cell]) -> None:
        arms = ", ".join(dict.fromkeys(cell.arm.name for cell in todo))
        counted = {name: sum(cell.scenario == name for cell in todo) for name in dict.fromkeys(cell.scenario for cell in todo)}
        self.out.print(f"plan: {len(todo)} cells ({', '.join(f'{n} {name}' for name, n in counted.items())}) of {arms}", markup=False, soft_wrap=True)

    def _estimated(self, found: dict[str, Calibration], seconds: float) -> None:
        rates = ", ".join(f"{name} about {c.tasks_per_s:,.0f}/s" for name, c in found.items())
        self._left_s = seconds
        self.out.print(f"calibrated: {rates}", markup=False, soft_wrap=True)
        self.out.print(f"this will take about {_minutes(seconds)}", markup=False, soft_wrap=True)
        self._began = time.monotonic()

    def _cell_began(self, cell: Cell, at: int, of: int) -> None:
        self._label = f"cell {at} of {of}: {cell.label}"

    def _progress(self, phase: str, done: int, of: int) -> None:
        streams.look()
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._first = phase, (now, done)
        seconds = now - self._first[0]
        rate = f", {(done - self._first[1]) / seconds:,.0f}/s" if done and seconds > 0.5 and phase != "recovery" else ""
        unit = " s" if phase == "recovery" else ""
        counted = f"{done:,} of {of:,}{unit}" if of else (f"{done:,}" if done else "")
        left = self._left_s - (now - self._began)
        eta = f" · about {_minutes(left)} left" if left > 0 else ""
        self.bar.update(self.task, description=f"{self._label} · {phase}", total=of or None, completed=done, note=f"{counted}{rate}{eta}")

    def _said(self, line: str) -> None:
        self.out.print(line, markup=False, soft_wrap=True)

    def _cell_ended(self, cell: Cell, line: dict[str, Any], measures: pd.DataFrame) -> None:
        same = (measures["scenario"] == cell.scenario) & (measures["case"] == cell.case) & (measures["arm"] == cell.arm.name)
        newest = measures[same & (measures["block"] == cell.block)].drop_duplicates("metric", keep="last")
        parts = [f"{METRICS[str(row.metric)].label.lower()} {shown(row)}" for row in newest.itertuples() if _worth_a_word(row)]
        state = "" if line["verdict"] == "ok" else f"{line['verdict']}: {line['reason']}"
        self.out.print(f"{cell.number:3d}  {cell.label}: {state or ', '.join(parts) or 'done'}  ({line['seconds']} s)", markup=False, soft_wrap=True)


def _worth_a_word(row: Any) -> bool:
    return row.metric in SHOWN and not (METRICS[str(row.metric)].kind == "count" and row.value == 0)


def shown(row: Any) -> str:
    """A measure in words: its number, or its verdict."""
    if row.value is None or row.value != row.value:
        return str(row.verdict)
    number = f"{row.value:,.0f}" if abs(row.value) >= 100 or float(row.value).is_integer() else f"{row.value:.3g}"
    return f"{'> ' if row.verdict == 'beyond' else ''}{number} {row.unit}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def measure_live(plan: Plan, folder: Path, servers: Servers, out: Console, resuming: bool, page: Path) -> int:
    """Run a plan before somebody's eyes, make its report, and return the exit code."""
    live = Live(out)
    runner = Runner(plan, folder, servers, live)
    if resuming:
        runner.resume()
    else:
        runner.prepare()
        stored.attach(runner.info, folder)
    out.print(f"run folder: {folder}", markup=False, soft_wrap=True)
    with live.bar:
        code = runner.carry_out()
    return in_spite(code, lambda: write_report([open_measured(folder)], page, out, headline=True))


def report_path(run: Path, asked: Path | None) -> Path:
    """Where the page of a run goes."""
    page = asked or Path("reports") / f"{run.resolve().name}.html"
    if page.is_fifo() or page.is_socket():
        raise UsageError(f"{page} is no plain file: name another place for the report")
    return page


def write_report(runs: Sequence[Run], out: Path | None, console: Console, headline: bool, features: Features | None = None) -> Path:
    """The HTML file of one or several runs, and of what was found by `bench features`; UsageError if it cannot be written."""
    from bench.report.headline import print_headline
    from bench.report.page import build_page

    path = report_path(runs[0].path, out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(build_page(runs, features), encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): choose another --out") from None
    if headline:
        print_headline(runs, console)
        console.print(f"report: {path}", markup=False, soft_wrap=True)
    return path


def print_arms(scenarios: Mapping[str, Any], described: Sequence[Mapping[str, Any]], out: Console) -> None:
    """`bench list`."""
    for name, scenario in scenarios.items():
        out.print(f"[bold]{name}[/bold]  {scenario['about']}\n    cases: {', '.join(scenario['cases'])}")
    for arm in described:
        out.print(f"\n[bold]{arm['arm']}[/bold]  {arm['guarantee']}; {arm['summary']}")
        out.print(f"    {len(arm['command'])} × {arm['command'][0]}", markup=False, soft_wrap=True)
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 4))
        for setting in arm["settings"]:
            table.add_row(setting["name"], str(setting["value"]), setting["why"], setting["source"])
        if arm["settings"]:
            out.print(table)
