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
from bench.analysis.slim import LIMIT_BYTES, export_slim
from bench.base.errors import UsageError
from bench.claims.rulings import rulings
from bench.record import store
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
    assert not list(slim.path.rglob("*.parquet")) and not list(slim.path.rglob("*.log"))
    assert slim.manifest.left_out[0].startswith("raw events")


def test_every_number_stays(whole: Run, slim: Run) -> None:
    pd.testing.assert_frame_equal(slim.measures, whole.measures)
    assert all_evidence(join([slim])) == all_evidence(join([whole])) != []
    assert matrix(join([slim])) == matrix(join([whole]))
    assert facts(join([slim]), None) == facts(join([whole]), None)
    assert rulings([slim], None) == rulings([whole], None)


def test_the_report_shows_its_tables_and_says_what_is_missing(whole: Run, slim: Run) -> None:
    page, full = build_page([slim]), build_page([whole])
    assert "slim, without the charts that need raw events" in page
    assert 0 < page.count("<svg") < full.count("<svg")
    assert page.count("<table") == full.count("<table")


def test_beside_another_run_the_cells_keep_their_letter(
    whole: Run, slim: Run, tmp_path: Path
) -> None:
    other = write_run(tmp_path / "other", {"burst": ("-",)})
    assert {each.cell[:2] for each in all_evidence(join([other, slim]))} == {"B·"}


def test_a_full_default_run_is_small_enough(tmp_path: Path) -> None:
    if not (REFERENCE / "main" / "run.json").is_file():
        pytest.skip("the reference is not stored")
    made = export_slim(store.open_run(REFERENCE / "main"), tmp_path / "main")
    assert made.bytes <= LIMIT_BYTES and made.left_out == (
        "raw events, samples and logs of the cells",
    )
    assert {"comparisons.csv", "selftest.json"} <= {path.name for path in made.path.iterdir()}
    assert made.bytes == sum(path.stat().st_size for path in made.path.rglob("*") if path.is_file())


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
        (["export", "nothing", "--slim"], "run 'nothing'"),
        (["measure", "again"], "raw events are not there"),
        (["run", "--resume", "again"], "raw events are not there"),
        (["compare", "again", str(whole.path)], "nothing is compared"),
    ):
        code, _, err = bench(capsys, monkeypatch, *args)
        assert code == 64 and words in err, args
