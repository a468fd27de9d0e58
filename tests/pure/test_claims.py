"""Claims: every file is read, every misspelling refused, each kind of ruling comes out."""

import json
from pathlib import Path

import pandas as pd
import pytest

from bench import cli
from bench.analysis.dataset import Joined, join
from bench.base.errors import UsageError
from bench.claims.form import Claims, load
from bench.claims.judge import rule
from bench.claims.published import Claim, claims_of, source
from bench.claims.rulings import (
    CONFIRMED,
    DEPENDS,
    MEANINGS,
    OUTDATED,
    REFUTED,
    UNLIKE,
    UNTESTED,
    Ruling,
    counts,
)
from bench.model.feature_outcome import Finding
from bench.record.store import open_run
from bench.record.stored_features import Features, open_features
from tests.fixture_run import TASKS, features_of, rewrite_measures, write_run
from tests.pure.test_cli import bench

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "results" / "reference"
HEAD = '[source]\nname="a"\ndate="b"\nversions="c"\nmethod="d"\n'
SOURCE = {"name": "somebody", "date": "2020", "versions": "old", "method": "none"}


def features(versions: dict[str, str] | None = None, **outcomes: str) -> Features:
    """feature__variant=outcome for RQ; `versions` are those that every trial took."""
    rows = []
    for key, outcome in outcomes.items():
        feature, _, variant = key.partition("__")
        rows.append(
            Finding(
                system="rq",
                feature=feature.replace("_", ".", 1),
                variant=variant,
                outcome=outcome,
                text="seen",
                figures={},
                versions=versions or {},
                seconds=1.0,
                folder="trials/x",
                observation={},
            )
        )
    return features_of(rows)


def claims(**parts: object) -> list[Claims]:
    return [Claims.model_validate({"source": SOURCE, **parts})]


def ability(**rest: object) -> list[Claims]:
    base = {
        "row": "periodic tasks",
        "system": "rq",
        "says": "needs an extension",
        "expects": [{"feature": "periodic.fires", "outcome": ["not offered"]}],
    }
    return claims(ability=[{**base, **rest}])


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Joined:
    return join([write_run(tmp_path_factory.mktemp("claims") / "r")])


def test_every_file_is_of_the_form_and_has_the_published_tables() -> None:
    found = load()
    rows = {(each.row, each.system) for file in found for each in file.ability}
    assert len({row for row, _ in rows}) == 8 and len(rows) == 24
    assert sum(len(file.opinion) for file in found) == 1
    assert {each.row for file in found for each in (*file.ratio, *file.unlike, *file.recovery)} >= {
        "throughput",
        "memory",
        "tail latency (P99)",
        "recovery after a fault",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[source", "declared|Expected|expected"),
        (HEAD + '[[abilty]]\nrow="x"', "abilty"),
        (
            HEAD
            + '[[ability]]\nrow="x"\nsystem="rq"\nsays="y"\n'
            + 'expects=[{feature="flow.chian", outcome=["works"]}]',
            "flow.chian",
        ),
    ],
)
def test_a_misspelt_file_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        load(tmp_path)


PUBLISHED = {
    "throughput": [("8,500 tasks/s", 8500), ("3,200 tasks/s", 3200), ("1,500 tasks/s", 1500)],
    "memory": [("2.8 GB", 2.8e9), ("1.2 GB", 1.2e9), ("0.8 GB", 0.8e9)],
    "p99": [("230 ms", 230), ("580 ms", 580), ("1.2 s", 1200)],
    "recovery": [("8 s", 8), ("15 s", 15), ("manual intervention", None)],
}


@pytest.mark.parametrize("item", PUBLISHED)
def test_the_headline_has_the_published_figures_as_they_were_printed(item: str) -> None:
    said = [Claim(*each) for each in PUBLISHED[item]]
    assert dict(claims_of(item)) == dict(zip(("celery", "rq", "huey"), said, strict=True))
    assert claims_of(item)["rq"] == said[1] and "floor" not in claims_of(item)


def test_the_headline_names_the_source_of_the_figures() -> None:
    assert claims_of("throughput/tuned") == {}
    assert source() == (
        "Table 3.2, “100,000-task test”, of the comparison that is quoted most in"
        " Chinese-language articles on integrating Celery. No hardware, versions, settings or"
        " method are given with it."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '[[ratio]]\nvalues={rq=1, huey=2}\nprinted={rq="1"}\nitem="p99"',
            "printed must name.*: rq, huey",
        ),
        ('[[ratio]]\nvalues={rq=1, huey=2}\nprinted={rq="1"}', "printed must name.*: none"),
        ('[[unlike]]\nwhy="w"\nvalues={rq=1}\nitem="p99"', "values must name.*: rq, huey"),
        ('[[unlike]]\nwhy="w"\nvalues={rq=1, huey=2}\nitem="p98"', "item"),
        ('[[unlike]]\nwhy="w"\nvalues={rq=1, huey=2}\nitem="p99"', "needs the table that p99"),
    ],
)
def test_a_figure_of_the_headline_has_text_number_and_table(
    tmp_path: Path, text: str, words: str
) -> None:
    common = 'row="r"\nscenario="burst"\ncase="-"\nmetric="m"\n'
    says = 'says="1 and 2"\nunit="s"\n' if "ratio" in text else 'says={rq="1", huey="2"}\n'
    (tmp_path / "bad.toml").write_text(HEAD + text + "\n" + common + says, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        load(tmp_path)


def test_a_recovery_has_seconds_or_a_human_for_each_system(tmp_path: Path) -> None:
    recovery = '[[recovery]]\nrow="r"\nfault="worker-crash"\nsays={rq="1"}\nseconds={rq=1}\n'
    for end, wrong in (("", False), ('manual=["rq"]', True), ('manual=["huey"]', True)):
        (tmp_path / "one.toml").write_text(HEAD + recovery + end, encoding="utf-8")
        if wrong:
            with pytest.raises(UsageError, match=r"seconds and manual must name.*: rq"):
                load(tmp_path)
        else:
            assert load(tmp_path)


def test_no_table_at_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no published claims.*install queue-bench again"):
        load(tmp_path)


def test_nothing_judged_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The floor alone: every claim is listed with its reason, and the end is not 0."""
    write_run(tmp_path / "bare", {"result": ("-",)}, systems=("floor",))
    monkeypatch.setattr("sys.argv", ["bench", "claims", str(tmp_path / "bare")])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr()
    assert stop.value.code == 64 and "not testable here" in said.out
    assert "could be judged: take a run with burst and recovery" in said.err


def test_abilities() -> None:
    assert [
        each.verdict for each in rule(ability(), None, features(periodic_fires="not offered"))
    ] == [CONFIRMED]
    assert [each.verdict for each in rule(ability(), None, features(periodic_fires="works"))] == [
        REFUTED
    ]
    assert [
        each.verdict for each in rule(ability(since="2.5"), None, features(periodic_fires="works"))
    ] == [f"{OUTDATED} since 2.5"]
    assert [each.verdict for each in rule(ability(), None, features(periodic_fires="unknown"))] == [
        UNTESTED
    ]
    assert [each.verdict for each in rule(ability(), None, features(call_sync="works"))] == [
        UNTESTED
    ]
    assert [each.verdict for each in rule(ability(), None, None)] == [UNTESTED]


def test_so_many_ways_and_no_more() -> None:
    expects = [{"feature": "results.store", "outcome": ["works"], "variants": 2, "at_most": 2}]
    two = features(
        results_store__file="works", results_store__memory="works", results_store__redis="broken"
    )
    three = features(
        results_store__file="works", results_store__memory="works", results_store__redis="works"
    )
    assert [each.verdict for each in rule(ability(expects=expects), None, two)] == [CONFIRMED]
    assert [each.verdict for each in rule(ability(expects=expects), None, three)] == [REFUTED]


def ratio(celery: float, rq: float) -> list[Claims]:
    base = {
        "row": "throughput",
        "says": "so much",
        "scenario": "burst",
        "case": "-",
        "metric": "throughput",
        "unit": "tasks/s",
    }
    return claims(ratio=[{**base, "values": {"celery": celery, "rq": rq}}])


def test_numbers_are_compared_as_ratios(joined: Joined) -> None:
    """The made-up run has Celery at 1,100 and RQ at 130 tasks/s: 8.5 to 1."""
    assert [each.verdict for each in rule(ratio(85_000, 10_000), joined, None)] == [
        CONFIRMED,
        UNLIKE,
        UNLIKE,
    ]
    assert rule(ratio(1, 1), joined, None)[0].verdict == REFUTED
    assert rule(ratio(3.2, 1), joined, None)[0].verdict == UNTESTED  # 2.6 times off, in one block
    assert rule(ratio(3.2, 1), None, None)[0].verdict == UNTESTED
    reached = rule(ratio(1000, 5000), joined, None)
    assert (
        "reached by celery/default" in reached[1].evidence
        and "reached by none" in reached[2].evidence
    )


def test_an_invalid_figure_judges_nothing(tmp_path: Path) -> None:
    def spoil(frame: pd.DataFrame) -> None:
        frame.loc[frame["arm"] == "rq/default", ["value", "verdict", "reason"]] = [
            float("nan"),
            "invalid",
            "foreign load",
        ]

    spoilt = join([rewrite_measures(write_run(tmp_path / "r", {"burst": ("-",)}), spoil)])
    assert rule(ratio(85_000, 10_000), spoilt, None)[0].verdict == UNTESTED


def test_recovery(joined: Joined) -> None:
    base = {
        "row": "recovery",
        "fault": "worker-crash",
        "says": {"celery": "8 s", "rq": "15 s", "huey": "manual"},
        "seconds": {"celery": 8, "rq": 15},
    }
    manual = {**base, "manual": ["huey"]}
    found = {each.who: each for each in rule(claims(recovery=[manual]), joined, None)}
    assert (
        found["celery"].verdict == REFUTED and "9.00 s" in found["celery"].evidence
    )  # the made-up Celery needs 9 s
    assert found["rq"].verdict == REFUTED and "no arm" in found["rq"].evidence
    service, work = found["huey, service"], found["huey, work that was hit"]
    assert service.verdict == work.verdict == REFUTED
    assert "with nobody's help" in service.evidence and "2.00 s" in service.evidence
    assert "2 of 9 lost: the broker holds them nowhere" in work.evidence


def reference(*names: str) -> Joined:
    return join([open_run(REFERENCE / name) for name in names])


def of_row(joined: Joined | None, row: str, tried: Features | None = None) -> dict[str, Ruling]:
    """What the published tables' row comes to, by of whom it is said."""
    return {each.who: each for each in rule(load(), joined, tried) if each.row.startswith(row)}


def test_a_recovery_that_some_settings_have_depends_on_them() -> None:
    found = of_row(reference("core-default", "core-durable"), "recovery after")
    celery = found["celery"]
    assert celery.verdict == DEPENDS
    crash = "worker-crash: celery/default > 90 s (6 lost; 9 stuck; cell A·001)"
    assert crash in celery.evidence
    assert "celery/durable@redis-always 30.5 s (cell B·005)" in celery.evidence
    within = celery.evidence.partition("within 8 s: ")[2]
    assert "celery/durable@rabbitmq (worker-crash)" in within
    assert "celery/default (worker-crash)" not in within and "(deploy)" in within


def test_seconds_whose_fault_is_not_named_depend_on_the_fault() -> None:
    """RQ is refuted by the crash alone; a deploy costs nobody 15 s."""
    found = of_row(reference("core-default", "core-durable"), "recovery after")["rq"]
    assert found.verdict == DEPENDS
    within = found.evidence.partition("within 15 s: ")[2]
    assert "(worker-crash)" not in within and "rq/durable@redis-always (deploy)" in within


def test_by_hand_is_a_claim_on_service_and_one_on_the_work() -> None:
    found = of_row(reference("core-default", "core-durable"), "recovery after")
    service, work = found["huey, service"], found["huey, work that was hit"]
    assert service.verdict == work.verdict == REFUTED
    assert "huey/default after 1.78 s (cell A·009)" in service.evidence
    assert "supervisor that starts dead workers again" in service.evidence
    assert "huey/default: 6 of 24 lost: the broker holds them nowhere" in work.evidence
    assert "huey/default@sqlite: 6 of 29 lost" in work.evidence


def test_what_a_command_frees_is_a_humans_work() -> None:
    """RQ's stuck tasks: its command freed none of the six, and that is what is told."""
    base = {"row": "recovery", "fault": "worker-crash", "says": {"rq": "manual"}}
    claim = claims(recovery=[{**base, "seconds": {}, "manual": ["rq"]}])
    work = rule(claim, reference("core-default"), None)[1]
    assert work.verdict == REFUTED
    assert "6 of 27 stuck: 0 of 6 finished after `rq requeue" in work.evidence


def test_a_memory_is_comparable_where_every_way_to_count_it_says_the_same() -> None:
    found = of_row(reference("main", "brokers"), "memory")
    assert found["celery : huey"].verdict == CONFIRMED
    for who in ("celery : rq", "rq : huey"):
        assert found[who].verdict == UNLIKE, found[who].evidence
    text = found["celery : rq"].evidence
    for seen in (
        "workers alone, not testable here: 88.8 MB : 91.3 MB = 0.97 : 1",
        "workers + broker, refuted: 194 MB : 558 MB = 0.35 : 1, off by a factor of 6.7",
        "it is not said whether the broker counts",
        "results for 500 s",
        "467 MB in the broker at most, the 100,000 queued tasks alone 52.9 MB, drained in 684 s",
        "with 5,000 tasks workers alone 88.7 MB : 81.4 MB = 1.1 : 1",
        "95.8 MB : 109 MB = 0.88 : 1 (cells B·009, B·010)",
    ):
        assert seen in text, text
    # The figures of single systems are of as many tasks too.
    assert "celery/default 194 MB" in found["celery"].evidence
    assert "@" not in found["celery"].evidence


def sized(**conditions: int) -> list[Claims]:
    base = {"row": "jobs", "says": "so long", "scenario": "burst", "case": "-", "unit": "s"}
    values = {"metric": "drain_s", "values": {"celery": 2.3, "rq": 15.9}}
    return claims(ratio=[{**base, **values, "conditions": conditions, "reading": "as we read it"}])


def test_a_run_without_the_conditions_of_a_claim_does_not_compare(joined: Joined) -> None:
    """The made-up run drains 2,000 tasks with two workers: about 2.3 and 15.9 s."""
    for conditions in ({"tasks": TASKS}, {"workers": 2}, {"tasks": TASKS, "workers": 2}):
        found = rule(sized(**conditions), joined, None)
        assert found[0].verdict == CONFIRMED and found[0].evidence.endswith("; as we read it")
        assert "no more than that:" in found[1].evidence
    for conditions, said in (
        ({"tasks": 20000, "workers": 10}, "20,000 tasks and 10 workers; here 2,000 tasks and 2 wo"),
        ({"workers": 10}, "10 workers; here 2 workers"),
    ):
        for each in rule(sized(**conditions), joined, None):
            assert each.verdict == UNLIKE and f"published for {said}" in each.evidence
    assert rule(sized(tasks=20000), None, None)[0].verdict == UNTESTED


def test_the_sizes_that_are_here_are_told_apart() -> None:
    text = of_row(reference("main", "brokers"), "20,000 jobs")["celery : rq"].evidence
    assert "; here 5,000 tasks and 2 workers or 100,000 tasks and 2 workers: `bench" in text


def test_twenty_thousand_jobs_are_tested_by_the_command_that_is_named(tmp_path: Path) -> None:
    found = of_row(reference("main"), "20,000 jobs")
    assert set(found) == {
        "celery : rq",
        "celery : huey",
        "rq : huey",
        "celery",
        "rq",
        "huey",
    }
    for each in found.values():
        assert each.verdict == UNLIKE and "here 100,000 tasks and 2 workers" in each.evidence
        assert (
            "`bench run burst --tasks 20000 --workers 10 --arm celery/default --arm rq/default"
            " --arm huey/default` would test it" in each.evidence
        )
    # Where burst was not measured at all there is nothing of another size.
    bare = join([write_run(tmp_path / "bare", {"recovery": ("deploy",)})])
    assert {each.verdict for each in of_row(bare, "20,000 jobs").values()} <= {UNTESTED, UNLIKE}
    assert of_row(bare, "20,000 jobs")["rq : huey"].verdict == UNTESTED


def test_a_bound_is_no_figure_to_compare(tmp_path: Path) -> None:
    def cut(frame: pd.DataFrame) -> None:
        drained = (frame["metric"] == "drain_s") & (frame["arm"] == "rq/default")
        frame.loc[drained, "verdict"] = "beyond"

    capped = join([rewrite_measures(write_run(tmp_path / "r", {"burst": ("-",)}), cut)])
    assert rule(sized(tasks=TASKS), capped, None)[0].verdict == UNTESTED


CLI = {"feature": "monitor.cli", "outcome": ["works"]}
NO_PAGE = {"feature": "monitor.page", "outcome": ["not offered"]}


@pytest.mark.parametrize(
    ("versions", "package", "verdict"),
    [
        ({"rq": "2"}, "", REFUTED),  # a page of its own
        ({"rq": "2", "dashboard": "1"}, "", DEPENDS),
        ({"rq": "2", "dashboard": "1"}, "dashboard", REFUTED),
    ],
)
def test_there_is_one_yardstick_for_separate_packages(
    versions: dict[str, str], package: str, verdict: str
) -> None:
    seen = [*features({"rq": "2"}, monitor_cli="works").findings]
    seen += features(versions, monitor_page="works").findings
    expects = [CLI, {**NO_PAGE, "package": package}]
    basic = {"row": "monitoring", "system": "rq", "says": "basic CLI", "expects": expects}
    table = claims(separate=["dashboard"], ability=[basic])
    found = rule(table, None, features_of(seen))[0]
    assert found.verdict == verdict
    if verdict == DEPENDS:
        assert "by itself: monitor.cli works; monitor.page not offered" in found.evidence
        assert "with dashboard, a separate package: monitor.cli works; monitor.page works" in (
            found.evidence
        )


def test_the_published_interfaces_are_judged_by_that_yardstick() -> None:
    tried = open_features(REFERENCE / "features")
    found = of_row(None, "monitoring interface", tried)
    assert found["celery"].verdict == CONFIRMED and "Flower" in found["celery"].evidence
    assert found["rq"].verdict == DEPENDS and "with rq-dashboard" in found["rq"].evidence
    assert found["huey"].verdict.startswith(OUTDATED)
    assert of_row(None, "periodic tasks", tried)["rq"].verdict.startswith(OUTDATED)


def test_a_package_that_a_claim_names_is_among_the_separate_ones(tmp_path: Path) -> None:
    text = (
        HEAD + '[[ability]]\nrow="x"\nsystem="rq"\nsays="y"\n'
        'expects=[{feature="monitor.page", outcome=["works"], package="dashboard"}]'
    )
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="no package in `separate` named 'dashboard'"):
        load(tmp_path)
    (tmp_path / "one.toml").write_text('separate=["dashboard"]\n' + text, encoding="utf-8")
    assert load(tmp_path)


def test_every_verdict_has_its_meaning_and_stands_in_the_methodology() -> None:
    methodology = (ROOT / "docs" / "methodology.md").read_text(encoding="utf-8")
    assert {CONFIRMED, DEPENDS, REFUTED, OUTDATED, UNLIKE, UNTESTED} == set(MEANINGS)
    for verdict in MEANINGS:
        assert f"| `{verdict}" in methodology
    made = [
        Ruling("s", "r", "w", "x", verdict, "")
        for verdict in (DEPENDS, f"{OUTDATED} since 2", DEPENDS)
    ]
    assert counts(made) == [(DEPENDS, 2, MEANINGS[DEPENDS]), (OUTDATED, 1, MEANINGS[OUTDATED])]


def test_the_command_says_what_its_verdicts_mean(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [str(REFERENCE / name) for name in ("core-default", "core-durable")]
    code, out, _ = bench(capsys, monkeypatch, "claims", *runs)
    assert code == 0 and f"2 {DEPENDS}: {MEANINGS[DEPENDS]}" in out
    code, out, _ = bench(capsys, monkeypatch, "claims", *runs, "--json")
    told = [each for each in json.loads(out) if each["verdict"] == DEPENDS]
    assert code == 0 and [each["who"] for each in told] == ["celery", "rq"]
    assert told[0]["meaning"] == MEANINGS[DEPENDS]


def test_an_invalid_recovery_judges_nothing(tmp_path: Path) -> None:
    def spoil(frame: pd.DataFrame) -> None:
        struck = (frame["scenario"] == "recovery") & (frame["arm"] == "huey/default")
        frame.loc[struck, ["value", "verdict", "reason"]] = [
            float("nan"),
            "invalid",
            "foreign load",
        ]

    spoilt = join([rewrite_measures(write_run(tmp_path / "r"), spoil)])
    base = {
        "row": "recovery",
        "fault": "worker-crash",
        "says": {"huey": "8 s"},
    }
    for rest in ({"seconds": {"huey": 8}}, {"seconds": {}, "manual": ["huey"]}):
        assert rule(claims(recovery=[{**base, **rest}]), spoilt, None)[0].verdict == UNTESTED
