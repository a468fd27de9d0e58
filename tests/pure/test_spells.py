"""A percentile stands on ten spells: one stall never makes one, an even tail keeps its own.

The cells with a stall are those of tests/spells_simulation.py; decision 37 has its figures.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis import stored_measures
from bench.analysis.formatting import Figure, figure
from bench.measure.order_statistics import percentile, percentile_if_supported
from bench.measure.spells import MIN_SPELLS, beyond, last_rank, spells
from bench.measure.spreads import spread
from bench.model.schedule import poisson
from bench.record import documents, ledger, store
from bench.report.style import Look, new_figure
from scenarios.latency import SCENARIO, charts, steady_seconds
from scenarios.latency.curves import curves
from tests import spells_simulation as simulation
from tests.fixture_run import write_run
from tests.spells_simulation import P99, S

Ints = npt.NDArray[np.int64]
DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "decisions"
TOLD = " ".join(next(DECISIONS.glob("0037-*.md")).read_text(encoding="utf-8").split())
FEW = st.lists(st.integers(0, 20 * S), min_size=1, max_size=60).map(
    lambda due: np.array(due, np.int64)
)


def test_a_spell_lasts_a_second_and_the_next_one_due_later_opens_another() -> None:
    due = np.array([5 * S, 0, S, S + 1, 2 * S + 1, 2 * S + 2], np.int64)
    assert [(each.tasks, each.seconds) for each in spells(due)] == [
        (2, 1.0),
        (2, 1.0),
        (1, 0),
        (1, 0),
    ]
    assert spells(due[:0]) == []


@given(FEW)
def test_every_task_is_in_one_spell_and_more_tasks_are_never_in_fewer(due: Ints) -> None:
    found = spells(due)
    assert sum(each.tasks for each in found) == len(due)
    assert all(each.seconds <= 1 for each in found)
    assert len(spells(due[1:])) in (len(found), len(found) - 1)


def test_of_equals_any_could_lie_beyond() -> None:
    values = np.array([1.0, 3.0, 2.0, 2.0, 2.0])
    assert beyond(values, 4).tolist() == [False, True, False, False, False]
    assert beyond(values, 3).tolist() == [False, True, True, True, True]


@given(FEW, st.integers(0, 5))
def test_the_last_rank_is_the_highest_with_ten_spells_beyond(due: Ints, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 30, len(due)).astype(float)
    carried = [
        at for at in range(1, len(due) + 1) if len(spells(due[beyond(values, at)])) >= MIN_SPELLS
    ]
    assert last_rank(values, due) == max(carried, default=0)


def test_the_reason_names_the_spell_that_holds_most() -> None:
    due = np.arange(5200, dtype=np.int64) * S // 100
    latency = np.full(5200, 3.0)
    latency[[200, 400, 600, 800, 1000, 1200, 1400, 3000, 3001, 3002, 3003]] = 12.0
    latency[2000:2041] = 900.0 - np.arange(41)  # a stall of 0.4 s
    found = spread(P99, latency, due, 99.0)
    assert (found.value, found.verdict) == (None, "withheld")
    assert found.reason == (
        "beyond P99 lie 9 of the 10 spells that it takes: one spell of 0.4 s holds 41 of 52"
    )
    latency[4000] = 13.0  # opens a tenth; the P99 is now one of the eleven
    assert spread(P99, latency, due, 99.0).value == 12.0


def test_a_percentile_of_equal_times_needs_no_tail() -> None:
    due = np.arange(3000, dtype=np.int64) * S // 50
    assert spread(P99, np.full(3000, 1.02), due, 99.0).value == 1.02


def test_tasks_that_never_finished_leave_it_unbounded_and_not_withheld() -> None:
    due = np.arange(3000, dtype=np.int64) * S // 50
    latency = np.where(due > 55 * S, np.inf, 1.0)
    assert spread(P99, latency, due, 99.0).verdict == "unbounded"


@pytest.mark.parametrize("tail", simulation.TAILS)
def test_one_stall_never_becomes_a_p99(tail: simulation.Tail) -> None:
    """By ten tasks it does in every other cell: three times the P99 of the cell without it."""
    published, by_tasks = 0, 0
    for seed in range(100):
        due, stalled, calm = simulation.made_up(tail, seed)
        most = simulation.FAR * percentile(calm, 99.0)
        naive = percentile_if_supported(stalled, 99.0)
        by_tasks += naive is not None and naive > most
        found = spread(P99, stalled, due, 99.0)
        published += found.value is not None
        assert found.value is None or found.value <= most, f"seed {seed}: {found.value} ms"
        assert found.value is not None or "one spell" in found.reason
    assert by_tasks >= 30
    assert published >= 5, "a rule that withholds all of them would pass too"


def test_a_system_that_stalls_is_not_told_by_its_lucky_cells() -> None:
    """Its cells with a P99 are those in which it did not stall, a thirtieth of what the others
    had: so an arm with such blocks among its own has none."""
    cells = [simulation.stalling(seed) for seed in range(simulation.STALLING)]
    found = [spread(P99, latency, due, 99.0) for due, latency in cells]
    rows = pd.DataFrame(
        {
            "verdict": [each.verdict for each in found],
            "value": [each.value for each in found],
            "reason": [each.reason for each in found],
            "label": "001",
        }
    )
    for first in range(0, 120, 5):
        blocks = rows[first : first + 5]
        withheld = int((blocks["verdict"] == "withheld").sum())
        told = figure(blocks, P99)
        assert (told.verdict == "ok") == (withheld <= 1)
        if 1 < withheld < 5:
            assert told.note.startswith(f"withheld in {withheld} of 5 blocks, the late ones: ")


def test_the_decision_tells_what_the_simulation_finds() -> None:
    far, kept, most = simulation.stalled_cells()
    cells = len(simulation.TAILS) * simulation.STALLED
    assert f"Of {cells} cells with one stall" in TOLD
    assert f"ten tasks gave {far} a P99" in TOLD
    assert f"Ten spells gave none: {kept} kept a P99, at most {most:.1f} times as large" in TOLD
    *first, last = (str(simulation.carried(load)) for load in simulation.LOADS)
    slots = f"{', '.join(first)} and {last} of {simulation.SLOT_CELLS} cells"
    assert slots in TOLD
    lucky, middle, every = simulation.lucky_cells()
    published = f"{lucky} of {simulation.STALLING} cells carried one, {middle:.1f} ms in the middle"
    assert f"{published}; of all cells it was {every:.0f} ms" in TOLD


def kept(rate: float, seconds: float, p: float) -> int:
    """In how many of 200 cells an evenly spread tail has that percentile."""
    cells = [poisson(rate, seconds, seed) for seed in range(200)]
    found = [
        spread("", np.random.default_rng(seed).lognormal(size=len(due)), due, p)
        for seed, due in enumerate(cells)
    ]
    return sum(each.verdict == "ok" for each in found)


@pytest.mark.parametrize(("rate", "seconds"), [(87.0, 57.0), (300.0, 30.0), (1000.0, 30.0)])
def test_an_even_tail_keeps_its_p99(rate: float, seconds: float) -> None:
    assert kept(rate, seconds, 99.0) == 200


def test_30_tasks_per_second_need_their_two_minutes() -> None:
    params = SCENARIO.params("rate=30", "full", None)
    assert kept(30.0, steady_seconds(params, 30.0), 99.0) == 200
    assert kept(30.0, 45.0, 99.0) < 180


def test_a_quick_cell_has_p50_and_p90_and_says_where_the_others_are(tmp_path: Path) -> None:
    params = SCENARIO.params("rate=30", "quick", None)
    seconds = steady_seconds(params, 30.0)
    assert kept(30.0, seconds, 50.0) == kept(30.0, seconds, 90.0) == 200
    assert kept(30.0, 10.0, 90.0) < 20, "in half of the time it has none"
    run = write_run(tmp_path / "run", {"latency": ("rate=30",)}, ("huey",))
    path = store.cell_folder(run.path, 1) / "cell.json"
    spec: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    spec["params"]["farthest"] = params["farthest"]
    documents.write_json(path, spec)
    found = {m.metric: m for m in stored_measures.measure_cell(run, run.manifest.cells[0])}
    assert found["latency_p50_ms"].verdict == found["latency_p90_ms"].verdict == "ok"
    assert found[P99].verdict == found["wait_p99_ms"].verdict == "withheld"
    assert "--size full" in found[P99].reason


@pytest.mark.parametrize(
    ("case", "seconds"),
    [("rate=30", 120), ("rtt=10", 120), ("rate=60", 60), ("rate=100", 50), ("rate=300", 30)],
)
def test_full_cells_last_until_5000_tasks_are_due_within_their_bounds(
    case: str, seconds: float
) -> None:
    params = SCENARIO.params(case, "full", None)
    assert steady_seconds(params, params["rate"]) == seconds
    assert "farthest" not in params


def test_a_stall_in_a_stored_cell_withholds_its_p99_and_ends_its_line(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"latency": ("rate=30",)}, ("huey",))
    cell, path = run.cell(1), store.cell_folder(run.path, 1) / "runs.parquet"
    whole = curves(cell)["due"][0][-1]
    book, table = ledger.load(cell), pq.read_table(path)
    begin = int(np.median(book.due))
    end = begin + S
    held = np.isin(table["task"].to_numpy(), book.task[(book.due >= begin) & (book.due < end)])
    for name in ("started_ns", "finished_ns"):
        stamps = np.where(held, end + S // 10, table[name].to_numpy())
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(stamps))
    documents.write_parquet(path, table)
    found = {m.metric: m for m in stored_measures.measure_cell(run, run.manifest.cells[0])}
    assert found[P99].verdict == found["wait_p99_ms"].verdict == "withheld"
    assert found["latency_p90_ms"].verdict == "ok"
    lines = curves(run.cell(1))
    assert 10 < lines["due"][0][-1] < 100 < whole, "P90 is drawn, and P99 is not"
    assert np.array_equal(lines["due"][0], lines["sent"][0])


def test_no_line_runs_over_a_load_that_has_no_number() -> None:
    _, (ax,) = new_figure(1.0)
    look = Look("#000000", "", "o", "", "-")
    given = [Figure("1", 1.0), Figure("withheld", None, "withheld"), Figure("9", 9.0)]
    charts._draw_points(ax, look, list(zip((0.3, 0.7, 0.9), given, strict=True)), 1.0, 1.0)
    heights = [float(y) for y in ax.lines[0].get_ydata()]
    assert heights[0] == 1.0 and math.isnan(heights[1]) and heights[2] == 9.0
    charts._draw_points(ax, look, [(0.3, given[1])], 1.0, 1.0)
    assert len(ax.lines) == 1
