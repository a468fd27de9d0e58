"""The example of two released versions.

Its page and its figures are those of the stored run, and the gate fails on its blocks.
"""

import json

import pytest

from bench.analysis.comparison_result import Change, Changes
from bench.base.paths import ROOT
from bench.compare.change_phrases import by_how_much
from bench.compare.comparison import compare
from bench.compare.sides import side_of
from bench.record import store
from bench.report.compare_page import page
from tests.e2e.test_gate_lab import lab

FOLDER = ROOT / "results" / "versions" / "rq-1.16.2-to-2.0.0"
TOLD = (
    "broker_commands_per_task",
    "enqueue_rate",
    "latency_p50_ms",
    "worker_cpu_ms_per_task",
    "throughput",
    "worker_memory_peak_bytes",
)


@pytest.fixture(scope="module")
def made() -> Changes:
    run = store.open_run(FOLDER)
    return compare(*(side_of(run, f"rq/simple[rq=={version}]") for version in ("1.16.2", "2.0.0")))


def test_the_page_is_made_of_the_stored_run(made: Changes) -> None:
    assert (ROOT / "reports" / f"{FOLDER.name}.html").read_text(encoding="utf-8") == page(made)


@pytest.mark.parametrize("metric", TOLD)
def test_the_text_has_the_change_that_was_measured(made: Changes, metric: str) -> None:
    line: Change = next(each for each in made.lines if each.metric == metric)
    row = next(
        row
        for row in (ROOT / "docs" / "two-versions.md").read_text(encoding="utf-8").splitlines()
        if by_how_much(line) in row.replace("*", "")
    )
    assert row.startswith("| ") and line.blocks >= 23
    assert (line.says in ("regression", "improvement")) == ("**" in row)


def test_the_gate_fails_on_its_blocks_whatever_it_begins_with(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = lab(
        capsys, monkeypatch, "replay", str(FOLDER / "blocks.csv"), "--budget", "10m"
    )
    assert code == 0 and "every start: 24 gates: 24 regression" in out, out + err
    live = json.loads((FOLDER / "gate.json").read_text(encoding="utf-8"))
    assert live["exit_code"] == 1 and "Broker commands per task" in live["summary"]
