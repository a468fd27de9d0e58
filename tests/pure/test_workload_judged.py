"""Stored cells of a load, as the gate, a search and --fail-on objective read them."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.check.blocks import CPU, LATE_SHARE, OF_WORKLOAD, P50, P99, TRIMMED_P99, Key, is_gated
from bench.check.decision import decide
from bench.check.group_sequential import Rules
from bench.check.outcome import changes_of
from bench.check.run_blocks import ADDED, blocks_in
from bench.commands.workload_options import code_of_objective, load_document
from bench.measure.goals import load_of, probes_of, standing_goal, verdict_of
from bench.model.systems import load_adapters
from bench.record.store import Run
from bench.run.judged import judged
from bench.run.plan import make_plan
from bench.run.searching import _shown, begun
from bench.workload.objective import late
from bench.workload.workload_file import WorkloadFile
from bench.workload.workload_record import SearchRecord
from tests.fixture_run import write_run
from tests.made_up_load import RECORD

ARMS = ("huey/default", "celery/default")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("load") / "run"
    return write_run(folder, {"workload": ("-",)}, ("huey", "celery"), blocks=4)


def test_the_gate_has_a_number_of_each_type_and_over_all(run: Run) -> None:
    blocks = blocks_in(run, *ARMS)
    assert len(blocks) == 4
    keys = {key for block in blocks for key in block.pairs}
    for metric in (P50, TRIMMED_P99, P99, LATE_SHARE):
        assert {key.part for key in keys if key.metric == metric} == {"", "thumbnail", "mail"}
    assert {key.part for key in keys if key.metric == CPU} == {""}
    assert {key.part for key in keys if key.metric == "failed"} == {""}, "counted once"
    assert {key.metric for key in keys} & {"worker_memory_peak_bytes", "load_rate"} == set()
    assert Key("workload", "-", P50, "mail").id == "workload/-/latency_p50_ms/mail"


def test_the_share_of_late_tasks_is_that_of_the_goal_that_stands_for_the_type(run: Run) -> None:
    block = blocks_in(run, *ARMS)[0]
    line = next(each for each in run.manifest.cells if (each.arm, each.block) == (ARMS[0], 0))
    load = load_of(run.cell(line.number))
    for part in ("", "thumbnail", "mail"):
        goal = standing_goal(load.workload.objective, part)
        assert goal is not None
        share = 100 * late(load.of(part).latency_ms, goal).mean() + ADDED
        number = block.pairs[Key("workload", "-", LATE_SHARE, part)][0]
        assert number.value == pytest.approx(share)


def test_a_load_that_got_slower_is_seen_in_the_types_that_did(run: Run) -> None:
    rules = Rules().within(4)
    blocks = blocks_in(run, *ARMS)
    decision = decide(blocks, rules, ended=True)
    changes = changes_of(decision, blocks, ARMS, rules, {})
    assert len({line.id for line in changes.lines}) == len(changes.lines)
    faster = {(line.metric, line.part) for line in changes.lines if (line.ratio or 1) < 0.9}
    assert {(P50, "thumbnail"), (P50, "mail")} <= faster, "1.0 against 1.2 times the service"
    assert any("of mail" in line.label for line in changes.lines)


def test_only_what_the_gate_settles_of_a_load_is_gated() -> None:
    assert all(is_gated(Key("workload", "-", metric, "mail")) for metric in OF_WORKLOAD)
    assert not is_gated(Key("workload", "-", "throughput"))
    assert not is_gated(Key("work", "-", "throughput", "mail"))
    assert is_gated(Key("workload", "crash", P50)), "whatever the case"
    assert is_gated(Key("workload", "-", "lost")) and not is_gated(
        Key("workload", "-", "lost", "mail")
    )


def test_an_objective_that_was_missed_is_exit_1_with_a_line_for_each_goal(run: Run) -> None:
    found = judged(run.path)
    assert {each.line.arm for each in found} == set(ARMS)
    verdicts = {each.result.verdict for each in found}
    out = io.StringIO()
    code = code_of_objective(run.path, Console(file=out, width=200))
    assert code == (1 if "missed" in verdicts else 2 if "withheld" in verdicts else 0)
    lines = out.getvalue().splitlines()
    assert len(lines) == sum(each.result.verdict != "met" for each in found)
    document = json.loads(json.dumps(load_document(run.path), allow_nan=False))
    assert document["search"] is None
    assert [each["goal"] for each in document["objective"][:4]] == [
        "p99_ms",
        "lost",
        "backlog",
        "p90_ms of thumbnail",
    ]


def test_probes_are_no_load_of_the_file_but_for_the_first(tmp_path: Path) -> None:
    cases = ("times=1", "times=4", "workers=2")
    made = write_run(tmp_path / "run", {"workload": cases}, ("huey",))
    kept = {each.line.case for each in judged(made.path)}
    assert kept == {"times=1", "workers=2"}, "the run has two workers"


def test_a_probe_lets_one_guess_how_far_the_border_is(run: Run) -> None:
    """A minute of 50 tasks/s of 32 ms on average, a fifth longer, for two slots."""
    line = next(each for each in run.manifest.cells if each.arm == "huey/default")
    load, busy, begun = _shown(run.cell(line.number))
    assert len(load.outcomes.kinds) == 3000
    assert busy == pytest.approx(50 * 0.032 * 1.2 / 2, rel=0.1) and begun > 0.99


def test_a_search_reads_its_points_from_stored_cells(tmp_path: Path) -> None:
    """A loop from file to answer, without anything in its place but the cells."""
    made = write_run(tmp_path / "run", {"workload": ("times=1", "times=4")}, ("huey", "celery"))
    file = WorkloadFile(tmp_path / "shop.toml", RECORD.digest, RECORD.workload)
    plan = make_plan(
        ["workload"],
        list(ARMS),
        ["times=1"],
        load_adapters(),
        seed=1,
        workers=2,
        workload=file,
        search=SearchRecord(kind="rate", minutes=60),
    )
    searches = begun(plan)
    assert searches
    said = list(searches.news(made))
    assert len(said) == 4 and not list(searches.news(made)), "each probe is told once"
    assert said[0].startswith(f"{ARMS[0]} times=1: ")
    found = searches.store(made)
    for arm in ARMS:
        lines = [line for line in made.manifest.cells if line.arm == arm]
        points = {each.at: each for each in searches._of_arm(made, lines)}
        assert set(points) == {1.0, 4.0} and all(each.guess for each in points.values())
        for at, point in points.items():
            cell = next(line for line in lines if line.case == f"times={at:g}")
            assert point.verdict == verdict_of(probes_of([made.cell(cell.number)]))
        assert found[arm].cells == 2
    stored = json.loads((made.path / "workload" / "search.json").read_text(encoding="utf-8"))
    assert stored["answers"][ARMS[0]]["sentence"] == found[ARMS[0]].sentence()
    cell = searches.next(made)
    assert cell is not None and cell.number == 5 and cell.workload is file
