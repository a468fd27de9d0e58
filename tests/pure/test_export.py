"""bench export --slim: small and marked.

Every command says the same of it as of the whole run, or why it cannot.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from bench.advise.facts import facts
from bench.analysis import stored_measures
from bench.analysis.dataset import join
from bench.analysis.evidence import STORED, all_evidence
from bench.analysis.slim import CURVES, LIMIT_BYTES, export_slim
from bench.base.errors import UsageError
from bench.claims.form import load
from bench.claims.judge import rule
from bench.record import store, stored_curves
from bench.record.store import Run
from bench.report.page import build_page
from scenarios.recovery.matrix import matrix
from tests.fixture_run import write_run
from tests.pure.test_cli import bench

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture(scope="module")
def slim(whole: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return store.open_run(export_slim(whole, tmp_path_factory.mktemp("slim") / "slim").path)


def test_it_is_marked_and_has_no_events(slim: Run) -> None:
    assert slim.slim and slim.manifest.format == store.FORMAT
    assert [path.name for path in slim.path.rglob("*.parquet")] == [stored_curves.STORED]
    assert not list(slim.path.rglob("*.log"))
    assert slim.manifest.left_out[0].startswith("raw events")


def test_every_number_stays(whole: Run, slim: Run) -> None:
    pd.testing.assert_frame_equal(slim.measures, whole.measures)
    assert all_evidence(join([slim])) == all_evidence(join([whole])) != []
    assert matrix(join([slim])) == matrix(join([whole]))
    assert facts(join([slim]), None) == facts(join([whole]), None)
    assert rule(load(), join([slim]), None) == rule(load(), join([whole]), None)


def test_the_report_draws_the_same_page(whole: Run, slim: Run) -> None:
    """What a chart shows does not hang on whether the events are still there."""
    page, full = build_page([slim]), build_page([whole])
    said = "slim, raw events of the cells are in the whole run."
    assert said in page and "Without the charts" not in page
    unlike = [
        line
        for line, other in zip(page.splitlines(), full.splitlines(), strict=True)
        if line != other
    ]
    assert len(unlike) == 1 and said in unlike[0]
    assert (slim.path / stored_curves.STORED).is_file() and page.count("<svg") > 10


def test_beside_another_run_the_cells_keep_their_letter(
    whole: Run, slim: Run, tmp_path: Path
) -> None:
    other = write_run(tmp_path / "other", {"burst": ("-",)})
    assert {each.cell[:2] for each in all_evidence(join([other, slim]))} == {"B·"}


def test_a_full_default_run_is_small_enough() -> None:
    """The reference's, without the events of the cells that keep them."""
    stored = store.open_run(REFERENCE / "main")
    assert stored.slim and stored.manifest.left_out[0].startswith("raw events")
    files = [path for path in stored.path.rglob("*") if path.is_file()]
    small = [path for path in files if path.parent.parent.name != "cells" or path.suffix == ".json"]
    assert {"comparisons.csv", "selftest.json", stored_curves.STORED} <= {
        path.name for path in small
    }
    assert sum(path.stat().st_size for path in small) <= LIMIT_BYTES < 3_000_000


def test_a_cell_may_keep_its_events(whole: Run, tmp_path: Path) -> None:
    copy = store.open_run(export_slim(whole, tmp_path / "kept", [2, 5]).path)
    assert [line.number for line, cell in copy.measured() if cell.has_events] == [2, 5]
    for line, cell in copy.measured():
        if cell.has_events:
            again = stored_measures.measure_cell(copy, line)
            assert again == stored_measures.measure_cell(whole, line) and again
    assert copy.manifest.left_out[0].endswith("of the cells but 002 and 005")
    with pytest.raises(UsageError, match="no files of cell 999: "):
        export_slim(whole, tmp_path / "none", [999])
    assert not (tmp_path / "none").exists()


def test_curves_that_do_not_fit_are_named_on_the_page(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = sum((whole.path / name).stat().st_size for name in ("measures.csv", "run.json"))
    monkeypatch.setattr("bench.analysis.slim.LIMIT_BYTES", needed)
    tight = store.open_run(export_slim(whole, tmp_path / "tight").path)
    assert CURVES in tight.manifest.left_out and not tight.curves
    assert f"Without the charts that need them: {tight.id}." in build_page([tight])


def test_what_does_not_fit_is_left_out_and_named(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = sum((whole.path / name).stat().st_size for name in ("measures.csv", "run.json"))
    monkeypatch.setattr("bench.analysis.slim.LIMIT_BYTES", needed)
    made = export_slim(whole, tmp_path / "tight")
    assert "comparisons.csv" in made.left_out and not (made.path / "comparisons.csv").exists()
    assert store.open_run(made.path).manifest.left_out == made.left_out
    pd.testing.assert_frame_equal(store.open_run(made.path).measures, whole.measures)


def test_a_damaged_slim_run_is_refused(slim: Run, tmp_path: Path) -> None:
    for name, change, words in (
        ("none", lambda folder: (folder / "measures.csv").unlink(), "export it again"),
        (
            "torn",
            lambda folder: (folder / "measures.csv").write_text("a,b\n1,2\n", encoding="utf-8"),
            "other columns",
        ),
        (
            "info",
            lambda folder: (folder / "run.json").write_text("{}", encoding="utf-8"),
            "damaged",
        ),
    ):
        shutil.copytree(slim.path, tmp_path / name)
        change(tmp_path / name)
        with pytest.raises(UsageError, match=words):
            store.open_run(tmp_path / name)
    shutil.copytree(slim.path, tmp_path / "told")
    (tmp_path / "told" / STORED).write_text('{"cells": [{"arm": 1}]}', encoding="utf-8")
    with pytest.raises(UsageError, match=r"damaged \(cells\.0\.arm: .*: export the run again"):
        all_evidence(join([store.open_run(tmp_path / "told")]))


def test_a_run_without_the_mark_still_needs_its_cells(slim: Run, tmp_path: Path) -> None:
    shutil.copytree(slim.path, tmp_path / "bare")
    whole = slim.manifest.model_copy(update={"slim": False})
    store.write_manifest(tmp_path / "bare", whole)
    with pytest.raises(UsageError, match="it lacks"):
        store.open_run(tmp_path / "bare")


def test_there_is_nothing_to_measure(slim: Run) -> None:
    with pytest.raises(UsageError, match="raw events are not there"):
        stored_measures.measure_run(slim)


def test_the_command(
    whole: Run,
    slim: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = bench(capsys, monkeypatch, "export", str(whole.path), "--slim")
    assert code == 0 and "KiB" in out and "left out: raw events" in out
    assert store.open_run(tmp_path / "results" / "whole-slim").slim
    code, out, _ = bench(
        capsys, monkeypatch, "export", str(whole.path), "--slim", "--out", "again", "--json"
    )
    assert code == 0 and json.loads(out)["bytes"] <= LIMIT_BYTES
    assert bench(capsys, monkeypatch, "report", "again", "--out", "page.html")[0] == 0
    for args, words in (
        (["export", str(whole.path)], "nothing to export"),
        (["export", str(whole.path), "--slim"], "is there already"),
        (["export", str(slim.path), "--slim", "--out", "twice"], "is slim already"),
        (["export", str(whole.path), "--events-of", "2"], "add --slim"),
        (["export", "nothing", "--slim"], "run 'nothing'"),
        (["measure", "again"], "raw events are not there"),
        (["run", "--resume", "again"], "raw events are not there"),
        (["compare", "again", str(whole.path)], "nothing is compared"),
    ):
        code, _, err = bench(capsys, monkeypatch, *args)
        assert code == 64 and words in err, args
