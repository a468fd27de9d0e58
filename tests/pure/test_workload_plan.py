"""A workload in a plan, in its cells, in run.json and in the run folder; what a cell sends."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import UsageError
from bench.model.manifest import CellLine, Manifest, PlanRecord
from bench.model.scenario import load_scenarios
from bench.model.schedule import FIRST_WARM_TASK, NS
from bench.model.systems import load_adapters
from bench.run import run_start
from bench.run.plan import Plan, cell_at, cells, make_plan
from bench.workload import kept_files
from bench.workload.arrivals import arrive
from bench.workload.workload_file import TEMPLATE, WorkloadFile, read_workload
from bench.workload.workload_form import Workload
from bench.workload.workload_record import SearchRecord, WorkloadRecord
from scenarios.workload import SETTLE_AT_MOST_S, SETTLE_S, amount, settle_s
from scenarios.workload.prepared import drawn, drawn_before, lead_in, whole_schedule
from tests.fixture_run import write_run

ADAPTERS = load_adapters()
WORKLOAD = load_scenarios()["workload"]
TRACED = """
[[task]]
name = "a"
[[task]]
name = "b"
[arrivals]
trace = "data/t.csv"
speed = 2
[objective]
p99_ms = 30_000
"""
CALLED = """
[[task]]
name = "a"
call = "shop:work"
args = "args.jsonl"
[code]
pass = ["DATABASE_URL"]
env = { SHOP = "bench" }
[arrivals]
rate = 10
seconds = 20
"""


def template(folder: Path) -> WorkloadFile:
    path = folder / "shop.toml"
    path.write_bytes(TEMPLATE.read_bytes())
    return read_workload(path)


def traced(folder: Path) -> WorkloadFile:
    (folder / "data").mkdir(exist_ok=True)
    # Two seconds with three arrivals each as it is played: twice as fast.
    seconds = (0, 0.1, 1.9, 2.0, 2.1, 3.9, 8.0)
    lines = [f"{at},{'ab'[number % 2]}" for number, at in enumerate(seconds)]
    (folder / "data" / "t.csv").write_text("\n".join(lines) + "\n")
    (folder / "shop.toml").write_text(TRACED)
    return read_workload(folder / "shop.toml")


def called(folder: Path) -> WorkloadFile:
    (folder / "args.jsonl").write_text("[1]\n[2]\n")
    (folder / "shop.toml").write_text(CALLED)
    return read_workload(folder / "shop.toml")


def plan(file: WorkloadFile | None, *cases: str, **options: object) -> Plan:
    arms = options.pop("arms", ["huey/default", "rq/default"])
    given = {"seed": 7, "workers": 2, "size": "quick", "workload": file} | options
    return make_plan(["workload"], arms, cases, ADAPTERS, **given)  # type: ignore[arg-type]


def test_it_runs_only_by_name_and_only_with_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"name one by --workload FILE \(`bench workload new"):
        plan(None)
    with pytest.raises(UsageError, match=r"`bench run workload --workload \S*shop\.toml`"):
        make_plan(["burst"], ["huey"], [], ADAPTERS, workload=template(tmp_path))
    planned = make_plan(
        ["burst", "workload"], ["huey"], [], ADAPTERS, seed=1, workload=template(tmp_path)
    )
    told = {cell.scenario: cell.workload for cell in cells(planned)}
    assert told["burst"] is None and told["workload"] is planned.workload


def test_its_cases() -> None:
    assert WORKLOAD.all_cases() == ("-", "crash", "deploy", "broker-crash")
    assert list(WORKLOAD.cases("full")) == ["-"]
    for case in (*WORKLOAD.all_cases(), "times=1.25", "times=3", "workers=3", "times=0.01"):
        assert WORKLOAD.takes(case), case
    for case in ("times=0", "times=-1", "times=nan", "times=inf", "times=", "workers=2.5"):
        assert not WORKLOAD.takes(case), case
    for case in ("times=1_0", "times=١", "times=1e-9", "workers=١", "workers=1_0"):
        assert not WORKLOAD.takes(case), case
    for case in ("workers=0", "workers=100000", "load=0.5", "worker-crash", "times"):
        assert not WORKLOAD.takes(case), case
    assert amount("times=2", "workers") is None
    assert (WORKLOAD.slots("workers=5", 2), WORKLOAD.slots("times=5", 2)) == (5, 2)


def test_every_arm_and_every_strike_gets_the_same_load(tmp_path: Path) -> None:
    cases = ("-", "crash", "deploy", "broker-crash", "workers=4", "times=1.5")
    planned = cells(plan(template(tmp_path), *cases, blocks=2))
    seeds: dict[tuple[int, str], set[int]] = {}
    for cell in planned:
        seeds.setdefault((cell.block, cell.case), set()).add(cell.seed)
    assert all(len(each) == 1 for each in seeds.values())
    for block in (0, 1):
        same = set.union(*(seeds[block, case] for case in cases[:-1]))
        assert len(same) == 1 and seeds[block, "times=1.5"] != same
    assert seeds[0, "-"] != seeds[1, "-"]


def test_the_parameters_of_a_cell_are_numbers(tmp_path: Path) -> None:
    cases = ("-", "crash", "times=1.5", "workers=4")
    by_case = {cell.case: cell for cell in cells(plan(template(tmp_path), *cases))}
    assert by_case["-"].params == {
        "times": 1.0,
        "warmup_s": 3.0,
        "keep_handles": True,
        "rate": 20.0,
        "load_s": 60.0,
        "settle_s": 10.0,
    }
    assert by_case["times=1.5"].params["rate"] == 30.0
    assert by_case["times=1.5"].params["load_s"] == 60.0
    assert by_case["crash"].params["horizon_s"] == 20.0
    assert by_case["workers=4"].slots == 4
    for cell in by_case.values():
        spec = cell.spec()
        assert spec.app == f"adapters.{cell.arm.adapter.name}.workload"
        assert json.loads(json.dumps(spec.as_json())) == spec.as_json()


def test_a_trace_is_shorter_where_there_is_more_of_it(tmp_path: Path) -> None:
    by_case = {cell.case: cell for cell in cells(plan(traced(tmp_path), "-", "times=2"))}
    assert by_case["-"].params["load_s"] == 4.0 and by_case["times=2"].params["load_s"] == 2.0
    assert by_case["-"].params["rate"] == 3.0 and by_case["times=2"].params["rate"] == 6.0


def test_tasks_may_finish_for_as_long_as_an_objective_could_want(tmp_path: Path) -> None:
    assert settle_s(traced(tmp_path).workload) == 30.0
    quick = {"task": [{"name": "a"}], "arrivals": {"rate": 1, "seconds": 9}}
    assert settle_s(Workload.model_validate(quick)) == SETTLE_S
    quick["task"] = [{"name": "a", "limit_s": 9_999}]
    assert settle_s(Workload.model_validate(quick)) == SETTLE_AT_MOST_S


def test_a_long_load_is_not_cut_by_the_time_cap(tmp_path: Path) -> None:
    file = template(tmp_path)
    assert plan(file).time_cap_s == 1200.0 and plan(file, time_cap_s=60.0).time_cap_s == 360.0
    hour = {"task": [{"name": "a"}], "arrivals": {"rate": 1, "seconds": "1h"}}
    long = replace(file, workload=Workload.model_validate(hour))
    assert plan(long).time_cap_s == 3900.0


def test_no_op_tasks_stay_what_they_were_in_other_cells() -> None:
    for cell in cells(make_plan(["burst"], ["huey"], [], ADAPTERS, seed=1)):
        assert cell.workload is None and cell.spec().app == "adapters.huey.app"


@pytest.mark.parametrize("made", [template, traced, called])
def test_what_run_json_keeps_is_read_again(made: object, tmp_path: Path) -> None:
    file: WorkloadFile = made(tmp_path)  # type: ignore[operator]
    record = kept_files.recorded(file, SearchRecord(kind="rate", minutes=5))
    text = json.dumps(record.as_json())
    again = WorkloadRecord.of(json.loads(text), "run.json", "")
    assert again == record and again.workload == file.workload
    assert again.search == SearchRecord(kind="rate", minutes=5)
    assert PlanRecord.model_validate(plan(file).record().as_json()).workload is not None


def test_variables_are_kept_by_name_and_arguments_by_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@h/d")
    text = json.dumps(kept_files.recorded(called(tmp_path)).as_json())
    stored = json.loads(text)
    assert stored["workload"]["code"]["pass"] == ["DATABASE_URL"]
    assert "secret" not in text and str(tmp_path) not in text
    assert list(stored["arguments"]) == ["a"] and len(stored["arguments"]["a"]) == 64


def test_an_older_run_json_has_no_workload(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("-",)}, systems=("huey",))
    document = run.manifest.as_json()
    assert isinstance(document["plan"], dict)
    del document["plan"]["workload"]
    assert Manifest.model_validate(document).plan.workload is None


def test_a_run_keeps_its_file_and_trace_and_no_arguments(tmp_path: Path) -> None:
    for made, names in ((traced, {"shop.toml", "shop.toml.trace.csv"}), (called, {"shop.toml"})):
        ours, run = tmp_path / made.__name__, tmp_path / f"run-{made.__name__}"
        ours.mkdir()
        run.mkdir()
        file = made(ours)
        run_start.keep_workload(plan(file), run)
        kept = {path.name for path in (run / "workload").iterdir()}
        assert kept == names
        assert (run / "workload" / "shop.toml").read_bytes() == file.path.read_bytes()
        kept_files.keep(file, run)  # once more, as after a resume


def test_a_load_without_anything_beside_it_is_taken_up_from_the_run(tmp_path: Path) -> None:
    file, run = traced(tmp_path), tmp_path / "run"
    run.mkdir()
    kept_files.keep(file, run)
    record = kept_files.recorded(file)
    file.path.unlink()
    again = kept_files.taken_up(record, run)
    assert kept_files.recorded(again) == record
    before, after = (arrive(each.workload, 3, each.trace) for each in (file, again))
    assert np.array_equal(before.due_ns, after.due_ns)
    (run / "workload" / "shop.toml.trace.csv").write_text("0,a\n")
    with pytest.raises(UsageError, match=r"not the trace that .* was begun with"):
        kept_files.taken_up(record, run)


def test_functions_and_arguments_must_be_named_again(tmp_path: Path) -> None:
    file, run = called(tmp_path), tmp_path / "run"
    run.mkdir()
    kept_files.keep(file, run)
    record = kept_files.recorded(file)
    with pytest.raises(UsageError, match=r"--workload FILE`, where FILE is shop\.toml with its"):
        kept_files.taken_up(record, run)
    assert kept_files.recorded(kept_files.taken_up(record, run, file.path)) == record


def test_what_has_changed_since_is_named(tmp_path: Path) -> None:
    before = kept_files.recorded(called(tmp_path))
    (tmp_path / "args.jsonl").write_text("[1]\n[3]\n")
    after = kept_files.recorded(read_workload(tmp_path / "shop.toml"))
    assert before.unlike(after) == ["the arguments of a"]
    (tmp_path / "other.toml").write_text(CALLED + "# more\n")
    other = kept_files.recorded(read_workload(tmp_path / "other.toml"))
    assert before.unlike(other) == ["the workload file", "the arguments of a"]
    first = kept_files.recorded(traced(tmp_path))
    (tmp_path / "data" / "t.csv").write_text("0,a\n1,b\n")
    second = kept_files.recorded(read_workload(tmp_path / "shop.toml"))
    assert first.unlike(second) == ["the trace"] and not first.unlike(first)


def test_a_resume_with_another_load_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_start, "differs", lambda *_: "")
    planned = plan(called(tmp_path))
    begun = run_start.new_manifest(planned, "run", cells(planned), {})
    run_start.refuse_other_than_begun(begun, tmp_path, planned, {})
    (tmp_path / "args.jsonl").write_text("[9]\n")
    other = plan(read_workload(tmp_path / "shop.toml"))
    with pytest.raises(UsageError, match=r"another load \(the arguments of a changed since\)"):
        run_start.refuse_other_than_begun(begun, tmp_path, other, {})


def test_a_probe_that_no_plan_had_is_found_again_by_its_line(tmp_path: Path) -> None:
    planned = plan(template(tmp_path), "-", "times=1.5", blocks=2)
    for cell in cells(planned):
        assert cell_at(planned, cell.line()) == cell
    probe = CellLine(number=40, scenario="workload", case="times=1.5", arm="rq/default", block=1)
    found = cell_at(plan(template(tmp_path)), probe)
    twin = next(cell for cell in cells(planned) if cell.line().place == probe.place)
    assert found.number == 40 and replace(found, number=twin.number, workload=None) == replace(
        twin, workload=None
    )
    with pytest.raises(UsageError, match="unknown arm of this run"):
        cell_at(planned, probe.model_copy(update={"arm": "celery/default"}))


def test_the_lead_in_comes_as_the_load_begins(tmp_path: Path) -> None:
    file = template(tmp_path)
    arrivals = arrive(file.workload, 11, None, times=20.0)  # 400/s
    lead = lead_in(arrivals, 5.0, 11)
    assert lead.due_ns.max() < 5 * NS and 1800 < len(lead.due_ns) < 2200
    assert not np.array_equal(lead.due_ns[:50], arrivals.due_ns[:50])
    assert abs(float((lead.kinds == 1).mean()) - 0.3) < 0.05
    again = lead_in(arrivals, 5.0, 11)
    assert np.array_equal(lead.due_ns, again.due_ns)


def test_a_load_that_begins_with_nothing_has_no_lead_in(tmp_path: Path) -> None:
    steps = {"steps": [["10s", 0], ["10s", "50/s"]]}
    workload = Workload.model_validate({"task": [{"name": "a"}], "arrivals": steps})
    assert len(lead_in(arrive(workload, 1), 5.0, 1).due_ns) == 0
    alone = traced(tmp_path)
    arrivals = arrive(alone.workload, 1, alone.trace)
    assert len(lead_in(arrivals, 1.0, 1).due_ns) <= 4


def test_the_schedule_has_the_lead_in_before_the_load(tmp_path: Path) -> None:
    file = template(tmp_path)
    arrivals = arrive(file.workload, 11)
    lead = lead_in(arrivals, 5.0, 11)
    schedule = whole_schedule(2, arrivals, lead, 5.0, first=8)
    count = len(lead.due_ns)
    assert schedule.tasks[:2].tolist() == [FIRST_WARM_TASK + 8, FIRST_WARM_TASK + 9]
    assert schedule.tasks[count:].tolist() == list(range(len(arrivals)))
    assert (np.diff(schedule.due_ns) >= 0).all() and schedule.due_ns[count] >= 5 * NS
    assert schedule.works == ("0", "1")
    assert np.array_equal(schedule.work[count:], arrivals.kinds)


def test_nothing_fails_before_the_load(tmp_path: Path) -> None:
    file = template(tmp_path)
    kinds = np.ones(5_000, np.int16)
    assert drawn(file, kinds, 3).failing_runs.any()
    assert not drawn_before(file, kinds, 3).failing_runs.any()
