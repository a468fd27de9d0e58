"""A scenario's part of the page stands in its folder; the page knows none by name."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import scenarios
from bench.model.metric import METRICS
from bench.model.scenario import load_scenarios
from bench.record.store import Run
from bench.report.page import build_page
from bench.report.section import section_of
from tests.fixture_run import rewrite_measures, stored, write_run
from tests.newcomer import ROOT, files_in

GUIDE = ROOT / "docs" / "adding-a-scenario.md"
STEPS = ("drive", "measure")


@pytest.fixture
def wake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the guide's scenario, which stands beside the others for one test."""
    for name in load_scenarios():  # the names are looked up here, the modules in the repository
        (tmp_path / "scenarios" / name).mkdir(parents=True)
        (tmp_path / "scenarios" / name / "__init__.py").touch()
    for name, text in files_in(GUIDE.read_text(encoding="utf-8")).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr("bench.model.scenario.ROOT", tmp_path)
    monkeypatch.setattr(scenarios, "__path__", [*scenarios.__path__, str(tmp_path / "scenarios")])
    importlib.invalidate_caches()
    load_scenarios.cache_clear()
    yield tmp_path / "scenarios" / "wake"
    load_scenarios.cache_clear()
    for name in [name for name in sys.modules if name.startswith("scenarios.wake")]:
        del sys.modules[name]


def measured(folder: Path) -> Run:
    """A run of wake: what was a rate of latency takes its name."""
    run = write_run(folder, {"latency": ("rate=30",)}, systems=("rq", "floor"))
    lines = [
        line.model_copy(update={"scenario": "wake", "case": "-"}) for line in run.manifest.cells
    ]
    changed = run.manifest.model_copy(update={"cells": tuple(lines)})

    def rename(frame: pd.DataFrame) -> None:
        frame["scenario"] = "wake"
        frame["case"] = "-"

    return rewrite_measures(stored(Run(folder, changed)), rename)


def test_every_scenario_has_a_section_that_says_what_it_shows_and_what_not() -> None:
    for name in load_scenarios():
        section = section_of(name)
        assert section.about and section.how and section.not_shown, name
        assert set(section.compared) <= set(METRICS)


@pytest.mark.parametrize("name", ["page", "tables", "pairs", "section", "charts"])
def test_what_all_sections_share_names_no_scenario(name: str) -> None:
    text = (ROOT / "bench" / "report" / f"{name}.py").read_text(encoding="utf-8")
    assert [each for each in load_scenarios() if f'"{each}"' in text] == []


def test_the_scenario_of_the_guide_is_on_the_page(wake: Path, tmp_path: Path) -> None:
    assert list(load_scenarios())[-1] == "wake"
    assert all(callable(load_scenarios()["wake"].part(name).__dict__[name]) for name in STEPS)
    page = build_page([measured(tmp_path / "run")])
    assert '<section id="wake">' in page and "<h3>One task at a time</h3>" in page
    assert "Due to finished, P50" in page and "Anything under load: see latency." in page


def test_a_scenario_without_a_section_shows_every_measure(wake: Path, tmp_path: Path) -> None:
    (wake / "section.py").unlink()
    page = build_page([measured(tmp_path / "run")])
    assert "<h3>Every measure</h3>" in page and "One task at a time" not in page
    assert "one task after a pause: how fast an idle system answers" in page


def test_a_stored_scenario_that_is_not_here_shows_every_measure(tmp_path: Path) -> None:
    page = build_page([measured(tmp_path / "run")])
    assert '<section id="wake">' in page and "<h3>Every measure</h3>" in page


def test_a_section_that_cannot_be_imported_is_not_taken_for_none(wake: Path) -> None:
    (wake / "section.py").write_text("import not_installed\n", encoding="utf-8")
    with pytest.raises(ModuleNotFoundError, match="not_installed"):
        section_of("wake")
