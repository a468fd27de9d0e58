"""workload on the page: what is good enough is told so, goal by goal and type by type, and a slim
run answers like a whole one."""

import io
import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.analysis.dataset import Joined, join
from bench.analysis.drawn import Drawn
from bench.analysis.objectives import answer, as_curves, cost, in_words, results_in
from bench.analysis.slim import export_slim
from bench.analysis.workload_searches import searches
from bench.record.store import Run, open_run
from bench.report.headline import print_headline
from bench.report.page import build_page
from bench.run.progress import Live
from bench.workload.objective import Goal, GoalResult
from bench.workload.probe import SecondCounts
from bench.workload.workload_record import SearchRecord
from scenarios.workload.answers import answers, goal_rows, not_offered, sentences
from scenarios.workload.section import SECTION, tables
from tests.fixture_run import WORKLOAD_CASES, write_run
from tests.pure.test_report import Tags, text_of
from tests.workload_runs import FILE, NOT_OFFERED, Behaviour, write_workload_run

PROBES = ("times=1", "times=2", "times=4")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_workload_run(tmp_path_factory.mktemp("runs") / "shop")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_workload_run(
        tmp_path_factory.mktemp("runs") / "found",
        PROBES,
        ("huey", "rq"),
        search=SearchRecord(kind="rate", minutes=5.0),
    )


@pytest.fixture(scope="module")
def page(run: Run) -> str:
    return build_page([run])


def said(joined: Joined, arm: str) -> str:
    """The sentence of an arm."""
    return next(text for text in sentences(joined, answers(joined)) if text.startswith(arm))


def test_a_sentence_says_whether_it_is_good_enough(run: Run) -> None:
    joined = join([run])
    assert said(joined, "huey/default").startswith("huey/default meets the objective, ")
    assert "times over at its tightest (" in said(joined, "huey/default")
    missed = said(joined, "rq/default")
    assert missed.startswith("rq/default misses the objective: p99_ms ≤ 500: missed with ")
    assert "20.00% of 2,000 tasks were later, 1 % may be" in missed
    failed = said(joined, "celery/default")
    assert "misses the objective: failed ≤ 0: missed with 3" in failed
    assert "p99_ms" not in failed


def test_each_sentence_ends_with_what_it_costs(run: Run) -> None:
    joined = join([run])
    told = cost(joined, "-", "huey/default")
    assert re.match(r"1,000 tasks cost [\d.,]+ CPU-seconds and [\d.,]+ broker commands; ", told)
    assert told.endswith(" MB") and told in said(joined, "huey/default")


def test_every_goal_has_a_row_with_how_far_it_is_off(run: Run) -> None:
    rows = {(row.arm, row.goal): row for row in goal_rows(answers(join([run])))}
    assert len(rows) == 4 * 4
    slow = rows["rq/default", "p99_ms ≤ 500"]
    assert (slow.verdict, slow.late) == ("missed", "20.00% of 2,000")
    assert 1.3 < float(slow.times.removeprefix("×")) < 1.8
    assert slow.by_seconds.startswith("misses: ")
    counted = rows["celery/default", "failed ≤ 0"]
    assert (counted.verdict, counted.reached, counted.times) == ("missed", "3.00", "–")
    assert rows["huey/default", "p90_ms of quick ≤ 100"].verdict == "met"


def test_a_slow_type_is_slow_in_its_own_rows_alone(run: Run) -> None:
    latency = tables(join([run]))[0]
    groups = {group.title: group for group in latency.groups}
    assert [title.partition(" ·")[0] for title in groups] == ["all tasks", "quick", "slow"]
    p50 = {
        (title.partition(" ·")[0], row.arm): row.figures[0].value
        for title, group in groups.items()
        for row in group.rows
    }
    assert p50["slow", "rq/default"] == pytest.approx(770, rel=0.1)
    assert p50["quick", "rq/default"] == pytest.approx(p50["quick", "huey/default"], rel=0.1)


def test_the_page_has_all_of_it_and_is_the_same_twice(run: Run, page: str) -> None:
    assert build_page([open_run(run.path)]) == page
    text = text_of(page)
    assert "huey/default meets the objective" in text
    assert "Goal by goal" in text and "What became of the tasks" in text
    assert "ValueError: no such picture" in text
    assert "Arrivals and backlog over time" in text and "Latency by type of task" in text
    ids = [attrs["id"] for _, attrs in Tags(page).seen if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_a_slim_run_answers_like_the_whole_one(run: Run, found: Run, tmp_path: Path) -> None:
    for whole in (run, found):
        slim = export_slim(whole, tmp_path / whole.id)
        assert not any("curves" in text for text in slim.left_out)
        blocks = [SECTION.above(join([each]))[0] for each in (whole, open_run(slim.path))]
        assert blocks[0] == blocks[1]


def test_what_is_not_offered_has_its_reason(tmp_path: Path) -> None:
    run = write_workload_run(tmp_path / "run", systems=("celery", "huey"), lacking="huey")
    joined = join([run])
    assert not_offered(joined) == [f"huey/default: {NOT_OFFERED}"]
    assert said(joined, "huey/default") == f"huey/default: not offered: {NOT_OFFERED}."


def test_several_blocks_are_judged_together(tmp_path: Path) -> None:
    run = write_workload_run(tmp_path / "run", systems=("rq",), blocks=3)
    told = answer(join([run]), "-", "rq/default")
    assert told is not None and told.cells == "001, 002, 003"
    assert [len(each.results) for each in told.goals] == [3, 3, 3, 3]
    probe = told.goals[0].probe
    assert probe is not None and (probe.tasks, probe.verdict) == (6000, "misses")
    assert "(in 3 of 3 cells)" in said(join([run]), "rq/default")


def test_the_answer_of_a_search_stands_above_its_probes(found: Run) -> None:
    huey, rq = sorted(searches(join([found])), key=lambda each: each.arm)
    assert [row.verdict for row in huey.probes] == ["holds", "holds", "misses"]
    assert huey.sentence.startswith(
        "huey/default: the objective holds at 2 times the arrivals (80/s) and is missed at 4 times"
    )
    assert "missed at every rate that was tried, even at 1 times" in rq.sentence
    assert "Probes for the rate" in text_of(build_page([found]))


def test_goals_come_back_from_their_curves_as_they_were() -> None:
    wanted = [Goal("", "p99_ms", 500.0), Goal("a", "max_ms", 10.0), Goal("", "lost", 0.0)]
    results = [
        GoalResult(wanted[0], "missed", math.inf, 30, 2000, {"failed": 20, "lost": 1}),
        GoalResult(wanted[1], "withheld", None),
        GoalResult(wanted[2], "met", 0.0),
    ]
    counts = SecondCounts(np.array([40, 41]), np.array([0, 30]))
    cell = Drawn("001", "a/default", as_curves(results, {0: counts}))
    assert results_in(cell, wanted) == results
    assert results_in(cell, wanted[:2]) == []
    assert [list(values) for values in cell.curve("seconds 0")] == [[40, 41], [0, 30]]


def test_a_load_without_an_objective_says_so(tmp_path: Path) -> None:
    run = write_workload_run(
        tmp_path / "run",
        systems=("huey",),
        text=FILE.partition("[objective]")[0],
        behaviours={"huey": Behaviour()},
    )
    assert "huey/default has no objective, and finished 2,000 tasks" in said(
        join([run]), "huey/default"
    )


def test_a_struck_load_tells_for_how_long_it_missed_and_what_became_of_the_tasks(
    tmp_path: Path,
) -> None:
    run = write_run(tmp_path / "run", {"workload": WORKLOAD_CASES}, ("huey",))
    joined = join([run])
    text = said(joined, "huey/default, struck by crash, ")
    assert "misses the objective: p99_ms ≤ 500: missed with " in text
    assert re.search(r"more than the spared share was late in \d+ s", text)
    assert "of the tasks 2 were lost and 1 failed" in text
    rows = [row for row in goal_rows(answers(joined)) if row.case == "crash"]
    assert rows and all(row.by_seconds == "–" for row in rows), "one fault says nothing of another"
    page = text_of(build_page([run]))
    assert "Band: the fault, until all that it killed was started again" in page


def test_long_times_and_tasks_that_never_finished_are_told_in_words() -> None:
    goal = Goal("mail", "max_ms", 60_000.0)
    late = GoalResult(goal, "missed", 90_000.0, 3, 2_000)
    assert in_words(late) == (
        "max_ms of mail ≤ 60,000: missed with 90,000 (1.50 times the limit); "
        "0.15% of 2,000 tasks were later, 0 % may be"
    )
    never = GoalResult(goal, "missed", math.inf, 3, 2_000)
    assert in_words(never).endswith(
        "missed; 0.15% of 2,000 tasks were later or never finished, 0 % may be"
    )


def test_failed_tasks_are_called_failed_and_not_late(tmp_path: Path) -> None:
    text = FILE.replace("failed = 0", "failed = 900").replace("p90_ms = 100", "p90_ms = 200")
    failing = {"huey": Behaviour(failing=300)}
    run = write_workload_run(tmp_path / "run", systems=("huey",), text=text, behaviours=failing)
    joined = join([run])
    assert "p99_ms ≤ 500: missed; 300 of 2,000 tasks (15.00%) failed and count as late, 1 %" in (
        said(joined, "huey/default")
    )
    row = next(row for row in goal_rows(answers(joined)) if row.goal == "p99_ms ≤ 500")
    assert (row.reached, row.times, row.late) == ("–", "–", "15.00% of 2,000; 300 failed")
    measured = joined.rows("workload", "-", "huey/default", "latency_p99_ms")
    assert list(measured["verdict"]) == ["unbounded"]
    assert list(measured["reason"]) == [
        "P99 falls among the 300 of 2,000 tasks that never finished: 300 failed"
    ]
    page = text_of(build_page([run]))
    assert "∞" not in page and "inf times" not in page
    assert "backlog grew to the end of the load" not in page
    slim = open_run(export_slim(run, tmp_path / "slim").path)
    assert said(join([slim]), "huey/default") == said(joined, "huey/default")


def test_one_task_is_not_told_as_several(tmp_path: Path) -> None:
    plain = FILE.partition("[objective]")[0]
    failing = {"huey": Behaviour(failing=1)}
    run = write_workload_run(tmp_path / "run", systems=("huey",), text=plain, behaviours=failing)
    told = said(join([run]), "huey/default")
    assert "finished 1,999 tasks; of the tasks 1 failed" in told


def test_calls_that_were_refused_are_told_beside_the_tasks(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"workload": WORKLOAD_CASES}, ("huey",))
    joined = join([run])
    ours = (joined.frame["metric"] == "refused") & (joined.frame["part"] == "")
    for calls, words in ((3, "3 calls were refused and never became tasks"), (1, "1 call was ")):
        joined.frame.loc[ours, "value"] = calls
        assert words in said(joined, "huey/default, struck by crash, ")
        assert words in said(joined, "huey/default")


def test_the_line_of_a_cell_tells_failed_tasks_and_refused_calls() -> None:
    out = io.StringIO()
    counts = {"lost": 1, "failed": 17, "refused": 3, "stuck": 0}
    told = pd.DataFrame({"metric": [*counts], "value": [*counts.values()]}).assign(
        scenario="workload", case="-", arm="huey/default", part="", block=0, verdict="ok"
    )
    cell = SimpleNamespace(
        scenario="workload", case="-", arm=SimpleNamespace(name="huey/default"), block=0, number=1
    )
    cell.label = "workload huey/default"
    line = SimpleNamespace(verdict="ok", reason="", seconds=5.0)
    live = Live(Console(file=out, width=140))
    live.ended(cell, line, told.assign(unit="tasks"))
    assert "lost 1 task, failed 17 tasks, 3 calls refused" in out.getvalue()
    none = told.assign(unit="tasks", value=None, verdict="unavailable")
    live.ended(cell, line, none)
    assert "refused unavailable" in out.getvalue()
    live.planned([])
    assert "plan: nothing is missing, every cell of this run is there" in out.getvalue()


def test_the_sentences_lead_the_page_and_are_all_of_the_terminal(run: Run, page: str) -> None:
    assert '<section id="burst"' not in page, (
        "of a load alone nothing stands beside what is published"
    )
    first = text_of(page[: page.index('<section id="workload"')])
    assert first.index("huey/default meets the objective") < first.index("Where each part is from")
    out = io.StringIO()
    print_headline([run], Console(file=out, width=140))
    lines = out.getvalue().splitlines()
    assert len(lines) == 4 and "huey/default meets the objective" in lines[2]
    assert "published" not in out.getvalue()


def test_a_lost_task_is_told_before_all_else(tmp_path: Path) -> None:
    run = write_workload_run(
        tmp_path / "run",
        systems=("huey",),
        text=FILE.replace("failed = 0", "failed = 0\nlost = 0"),
        behaviours={"huey": Behaviour(lost=2)},
    )
    told = said(join([run]), "huey/default")
    assert told.startswith("huey/default broke its guarantee (")
    assert "misses the objective: lost ≤ 0: missed with 2" in told
    assert "wrong" in text_of(build_page([run]))
