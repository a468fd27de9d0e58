"""Claims: every file is read, every misspelling refused, each kind of ruling comes out."""

from pathlib import Path

import pandas as pd
import pytest

from bench import cli
from bench.analysis.dataset import Joined, join
from bench.base.errors import UsageError
from bench.claims.form import Claims, load
from bench.claims.judge import rule
from bench.claims.published import Claim, claims_of, source
from bench.claims.rulings import CONFIRMED, OUTDATED, REFUTED, UNLIKE, UNTESTED
from bench.model.feature_outcome import Finding
from bench.record.stored_features import Features
from tests.fixture_run import features_of, rewrite_measures, write_run

HEAD = '[source]\nname="a"\ndate="b"\nversions="c"\nmethod="d"\n'
SOURCE = {"name": "somebody", "date": "2020", "versions": "old", "method": "none"}


def features(**outcomes: str) -> Features:
    """feature__variant=outcome for RQ."""
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
                versions={},
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
    found = {
        each.who: each
        for each in rule(claims(recovery=[{**base, "manual": ["huey"]}]), joined, None)
    }
    assert (
        found["celery"].verdict == REFUTED and "9.00 s" in found["celery"].evidence
    )  # the made-up Celery needs 9 s
    assert found["rq"].verdict == REFUTED and "no arm" in found["rq"].evidence
    assert found["huey"].verdict == CONFIRMED and "2 lost" in found["huey"].evidence


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
