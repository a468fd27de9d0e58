"""The fixture inside a suite of somebody else's: what each end of a gate makes of a test."""

from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml, Skipped

from bench.base.errors import UsageError
from bench.check.gate_file import seconds

ROOT = Path(__file__).resolve().parents[2]
pytest_plugins = ["pytester"]

# The gate is what the user's suite puts in its place: nothing is measured here.
CONFTEST = """
import pytest
from tests.made_up import comparison, empty

pytest_plugins = ["bench.pytest_plugin"]
ASKED = []

@pytest.fixture(scope="session")
def queue_bench_gate():
    def gate(**asked):
        ASKED.append(asked)
        code = int(asked["head"].rpartition("=")[2].rstrip("}"))
        return empty(code) if code == 4 else comparison(code)
    return gate
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(CONFTEST)
    return pytester


ENDS = {
    "ok": (0, "", "passed", ""),
    "regression": (
        1,
        "",
        "failed",
        "AssertionError: queue-bench: regression: 2 of 6 measures are worse",
    ),
    "table": (
        1,
        "",
        "failed",
        "Throughput (burst): regression, -5.2 % (-6.0 % … -4.4 %), 972 tasks/s → 921 tasks/s",
    ),
    "inconclusive": (2, "", "skipped", "queue-bench: inconclusive: 2 of 6"),
    "inconclusive_fails": (
        2,
        "inconclusive='fail'",
        "failed",
        "AssertionError: queue-bench: inconclusive",
    ),
    "inconclusive_passes": (2, "inconclusive='pass'", "passed", ""),
    "wrong": (3, "", "failed", "Unfit: queue-bench: wrong"),
    "invalid": (4, "", "failed", "Unfit: queue-bench: invalid: no block has a number of both arms"),
    "budget": (0, "budget='soon'", "failed", "budget 'soon': write a time such as 10m"),
    "misspelt": (0, "inconclusive='pas'", "failed", "say skip, fail or pass"),
    "format": (0, "write=['junt=x']", "failed", "did you mean junit"),
}


def test_what_a_test_comes_to(suite: pytest.Pytester) -> None:
    # All in one run: a process for each would take half a minute.
    calls = [
        f"def test_{name}(queue_bench):\n"
        f"    assert queue_bench.check('a/b', 'a/b{{x={code}}}', {more}).lines"
        for name, (code, more, *_) in ENDS.items()
    ]
    suite.makepyfile("\n\n".join(calls))
    suite.runpytest_subprocess("-p", "no:cacheprovider", "--junitxml=out.xml")
    found = {
        case.name: case for each in JUnitXml.fromfile(str(suite.path / "out.xml")) for case in each
    }
    for name, (_, _, outcome, words) in ENDS.items():
        case = found[f"test_{name}"]
        assert [type(each) for each in case.result] == {
            "passed": [],
            "failed": [Failure],
            "skipped": [Skipped],
        }[outcome], name
        assert words in "".join(f"{each.message} {each.text}" for each in case.result), name


def test_what_is_asked_reaches_the_gate_and_files_are_written(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        from conftest import ASKED

        def test_queue(queue_bench):
            arms = {"base": "a/b", "head": "a/b{x=0}"}
            how = {"thresholds": {"throughput": 0.05}, "workers": 2}
            queue_bench.check(**arms, **how, budget="1.5m", write=["junit=out.xml"])
            assert ASKED == [{**arms, **how, "budget_s": 90.0}]
    """)
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert (suite.path / "out.xml").is_file()


def test_nothing_is_loaded_into_a_suite_that_did_not_ask(suite: pytest.Pytester) -> None:
    suite.makeconftest("")
    suite.makepyfile("def test_queue(queue_bench): pass")
    done = suite.runpytest_subprocess("-p", "no:cacheprovider")
    done.stdout.fnmatch_lines(["*fixture 'queue_bench' not found*"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), (90, 90), ("90s", 90), ("2m", 120), ("0.5h", 1800), (" 2 m ", 120)],
)
def test_budgets(text: str | int, expected: float) -> None:
    assert seconds(str(text)) == expected


@pytest.mark.parametrize("text", ["", "0", "-1", "m", "2 days", "nan", "1e9x"])
def test_budgets_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="write a time"):
        seconds(text)


@pytest.mark.slow
@pytest.mark.e2e
def test_the_real_gate_answers_a_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest('pytest_plugins = ["bench.pytest_plugin"]')
    pytester.makepyfile("""
        def test_queue(queue_bench, tmp_path):
            arms = {"base": "floor/default", "head": "floor/default", "aa": True}
            how = {"scenarios": ("burst",), "out": tmp_path / "run", "inconclusive": "pass"}
            changes = queue_bench.check(**arms, **how, budget="40s")
            assert changes.exit_code in (0, 2)
            assert "throughput" in {line.metric for line in changes.lines if line.blocks}
    """)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert done.parseoutcomes() == {"passed": 1}
