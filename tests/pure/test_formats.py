"""Each format, read by what will read it or checked against its published rules."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import jsonschema
import pyperf
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as of_prometheus

from bench.analysis.comparison_result import Changes
from bench.base.errors import UsageError
from bench.formats import pyperf as of_pyperf
from bench.formats.registry import FORMATS, write, write_run
from bench.record.store import Run
from tests.fixture_run import altered, rewrite_measures, stored
from tests.fixture_run import write_run as stored_run
from tests.made_up import EVIL, comparison, empty, hostile, line

ALL = [
    comparison(0),
    comparison(1),
    comparison(2),
    comparison(3),
    hostile(),
    hostile(0),
    empty(),
    empty(0),
    empty(1),
]
EXPORTER = "prometheus-node-exporter"
OF_CHANGES = [name for name, each in FORMATS.items() if each.of_changes]
# https://bencher.dev/bmf.json, draft 7
BMF = {
    "type": "object",
    "patternProperties": {
        ".+": {
            "type": "object",
            "patternProperties": {
                ".+": {
                    "type": "object",
                    "properties": {
                        "value": {"type": "number"},
                        "lower_value": {"type": "number"},
                        "upper_value": {"type": "number"},
                    },
                    "required": ["value"],
                }
            },
        }
    },
}
# The `BenchmarkResult` of the action's src/extract.ts; it coerces, we do not count on that. `No
# benchmark result was found` is its word for an empty list.
ACTION = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "value": {"type": "number"},
            "unit": {"type": "string"},
        }
        | {"range": {"type": "string"}, "extra": {"type": "string"}},
        "required": ["name", "value", "unit"],
        "additionalProperties": False,
    },
}


def text(name: str, changes: Changes) -> str:
    make = FORMATS[name].of_changes
    assert make
    return make(changes)


def of_run(name: str, run: Run, arm: str | None = None) -> str:
    make = FORMATS[name].of_run
    assert make
    return make(run, arm)


def strict(document: str) -> Any:
    """JSON without the NaN that Python alone reads."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(document, parse_constant=refuse)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return stored_run(tmp_path_factory.mktemp("formats") / "r", blocks=3, label=EVIL)


@pytest.fixture
def evil_run(tmp_path: Path) -> Run:
    made = stored_run(tmp_path / "evil", {"burst": ("-",)}, systems=("huey",))
    changed = altered(
        made,
        lambda info: info.update(
            arms={EVIL: info["arms"]["huey/default"] | {"arm": EVIL}}, commit=EVIL
        ),
    )
    return rewrite_measures(
        stored(changed), lambda frame: frame.update({"arm": [EVIL] * len(frame)})
    )


# What holds for every format


@pytest.mark.parametrize("name", OF_CHANGES)
@pytest.mark.parametrize("changes", ALL)
def test_every_comparison_can_be_written_in_every_encoding_of_files(
    name: str, changes: Changes
) -> None:
    made = text(name, changes)
    assert made.endswith("\n")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", made), "control characters"
    assert made.encode()


@pytest.mark.parametrize("code", range(5))
def test_no_format_is_green_where_the_command_is_not(code: int) -> None:
    for changes in (comparison(code), empty(code)):
        suites = JUnitXml.fromstring(text("junit", changes).encode())
        assert (suites.failures + suites.errors > 0) is (code != 0)
        assert ("::error" in text("github", changes)) is (code != 0)
        assert "**queue-bench: ok**" not in text("markdown", changes), (
            "there are regressions in it, or nothing at all"
        )


def test_a_comparison_that_fails_nothing_is_called_ok_only_without_a_regression() -> None:
    good = comparison(
        0, lines=(line(says="improvement"), line("capacity")), summary="ok: nothing is worse"
    )
    assert text("markdown", good).startswith("**queue-bench: ok** – nothing is worse\n")
    assert text("github", good).startswith(
        "::notice title=queue-bench%3A ok::ok: nothing is worse\n"
    )
    assert text("markdown", comparison(0)).startswith(
        "**queue-bench: 2 worse, which fails nothing** – 2 of 6 measures are worse\n"
    )


def test_noise_alone_is_not_called_ok() -> None:
    unclear = comparison(0, lines=(line(says="unclear"),), summary="nothing is decided; 1 unclear")
    assert text("markdown", unclear).startswith("**queue-bench: nothing is decided** – 1 unclear\n")


def test_a_difference_that_is_none_is_not_written_as_one() -> None:
    none = line(
        "broker_commands_per_task",
        ratio=-2.4e-05,
        low=-0.9996,
        high=0.25,
        base_value=2.0,
        head_value=2.0,
    )
    assert "| +0 | -1 … +0.25 |" in text("markdown", comparison(lines=(none,)))


def test_our_own_json_has_no_number_that_json_does_not_know() -> None:
    lost = line("lost", says="regression", ratio=float("nan"), weight=float("inf"))
    read = strict(
        json.dumps(
            comparison(3, lines=(lost,), about={"runs": ["a"], "sd": float("nan")}).as_json()
        )
    )
    assert read["lines"][0]["ratio"] is read["lines"][0]["weight"] is read["about"]["sd"] is None
    assert (
        read["lines"][0]["base_value"] == 972.0
        and read["about"]["runs"] == ["a"]
        and read["exit_code"] == 3
    )


def test_an_infinite_weight_stands_on_top() -> None:
    lost = line(
        "lost",
        says="regression",
        verdict="wrong",
        ratio=None,
        low=None,
        high=None,
        weight=float("inf"),
        reason="1 of 10,000 lost",
    )
    made = text("markdown", comparison(3, lines=(line(says="regression"), lost)))
    assert made.index("Lost (burst) – 1 of 10,000 lost") < made.index("Throughput (burst)")


# Markdown


def rendered(changes: Changes) -> str:
    """As GitHub and GitLab do: with tables and with HTML let through."""
    return str(
        MarkdownIt("commonmark", {"html": True}).enable("table").render(text("markdown", changes))
    )


def test_markdown_has_the_verdict_first_and_the_worst_line_on_top() -> None:
    made = text("markdown", comparison())
    assert made.splitlines()[0] == "**queue-bench: regression** – 2 of 6 measures are worse"
    words = re.findall(r"^\| \**(\w+)\** \|", made, re.M)
    assert words == ["regression", "regression", "unclear", "unclear", "improvement", "same"]
    assert made.index("Broker commands") < made.index("Throughput"), (
        "5 tie zones away stands above 2.6"
    )
    assert (
        "    bench check --seed 7" in made
        and "few blocks" in made
        and "versions.head.huey: 3.5.4" in made
    )


def test_markdown_is_a_table_whose_cells_nothing_breaks() -> None:
    for changes in (comparison(), hostile()):
        html = rendered(changes)
        rows = re.findall(r"<tr>(.*?)</tr>", html, re.S)
        assert len(rows) == len(changes.lines) + 2, "two tables with a head each"
        assert {len(re.findall(r"<t[hd]", row)) for row in rows} == {8}


def test_markdown_lets_no_text_become_markup() -> None:
    html = rendered(hostile())
    assert "<b>" not in html and "<em>" not in html and "<h1" not in html
    assert html.count("<code>") == 3, "base, head and the command; no backtick of theirs"
    assert "&lt;b&gt;&amp;" in html and "ü🐇" in html and "${{ a }}" in html


def test_markdown_of_nothing_says_so() -> None:
    assert text("markdown", empty(0)).startswith("**queue-bench: nothing was compared**")
    assert text("markdown", empty(4)).startswith("**queue-bench: invalid** – no block has a number")


# JUnit


def cases(changes: Changes) -> dict[str, Any]:
    """Suite and name of a case → what came of it."""
    suites = JUnitXml.fromstring(text("junit", changes).encode())
    return {
        f"{suite.name}: {case.name.strip()}": [type(each) for each in case.result]
        for suite in suites
        for case in suite
    }


def test_junit_has_a_suite_per_scenario_and_a_case_per_measure() -> None:
    found = cases(comparison(1))
    assert found["queue-bench.gate: verdict"] == [Failure]
    assert found["queue-bench.burst: burst/-/throughput"] == [Failure]
    assert found["queue-bench.burst: burst/-/worker_memory_peak_bytes"] == []
    assert found["queue-bench.latency: latency/load=0.5/latency_p99_ms"] == [Skipped]
    assert len(found) == 7


def test_junit_fails_what_the_command_fails() -> None:
    assert cases(comparison(2))["queue-bench.latency: latency/load=0.5/latency_p99_ms"] == [Error]
    assert cases(comparison(0))["queue-bench.burst: burst/-/throughput"] == [Skipped], (
        "a regression in what --fail-on does not name"
    )
    lost = comparison(
        3,
        lines=(
            line(
                "lost",
                says="regression",
                verdict="wrong",
                base_value=0.0,
                head_value=1.0,
                ratio=1.0,
                low=None,
                high=None,
            ),
        ),
    )
    assert cases(lost)["queue-bench.burst: burst/-/lost"] == [Failure]


def test_junit_counts_and_properties() -> None:
    suites = JUnitXml.fromstring(text("junit", comparison(1)).encode())
    before = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites]
    for suite in suites:
        suite.update_statistics()
    assert before == [
        (suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites
    ]
    properties = {each.name: each.value for each in next(iter(suites)).properties()}
    assert (
        properties["versions.head.huey"] == "3.5.4"
        and properties["base"] == "huey/process"
        and properties["runs"] == "a, b"
    )


def test_junit_keeps_hostile_text_as_text() -> None:
    suites = JUnitXml.fromstring(text("junit", hostile()).encode())
    message = next(iter(next(iter(suites)))).result[0].message
    assert "<b>&\"'|`*_]]>}" in message and "ü🐇" in message


def test_arms_of_two_runs_have_cases_of_their_own() -> None:
    changes = comparison(
        lines=tuple(
            line(says="regression", base=arm, head=arm) for arm in ("rq/default", "huey/default")
        ),
        base="one",
        head="two",
    )
    assert {
        "queue-bench.burst: burst/-/throughput rq/default",
        "queue-bench.burst: burst/-/throughput huey/default",
    } < cases(changes).keys()
    assert "Throughput (burst) rq/default" in text(
        "markdown", changes
    ) and "Throughput (burst) huey/default" in text("github", changes)


# GitHub


def commands(made: str) -> list[tuple[str, str, str]]:
    """(level, title, message) as the runner takes them apart: at commas, then `%` back."""
    found = []
    for each in made.splitlines():
        match = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", each)
        assert match, each
        title = dict(pair.split("=", 1) for pair in match[2].split(","))["title"]
        title, message = (
            re.sub("%(0D|0A|3A|2C|25)", lambda code: bytes.fromhex(code[1]).decode(), part)
            for part in (title, match[3])
        )
        found.append((match[1], title, message))
    return found


def test_annotations_are_read_back_as_they_were() -> None:
    found = commands(text("github", comparison()))
    assert found[0] == ("error", "queue-bench: regression", "regression: 2 of 6 measures are worse")
    assert [level for level, _, _ in found] == ["error"] * 3 + ["notice"]
    assert [level for level, _, _ in commands(text("github", comparison(2)))] == ["error"] * 5 + [
        "notice"
    ], "now the unclear ones are the reason"
    assert [level for level, _, _ in commands(text("github", comparison(0)))] == ["warning"] * 2 + [
        "notice"
    ] * 2
    assert (
        found[2][1] == "regression: Throughput (burst)"
        and "-5.2 % (-6.0 % … -4.4 %)" in found[2][2]
    )
    for _, title, message in commands(text("github", hostile())):
        assert "::error::%0A" in title + message
    assert len(commands(text("github", hostile()))) == 2, "no text becomes a command of its own"


def test_more_annotations_than_github_shows_are_counted() -> None:
    found = commands(
        text("github", comparison(lines=tuple(line(says="regression") for _ in range(15))))
    )
    assert len(found) == 10 and found[-1][2].startswith("7 more of these"), (
        "one for the verdict, eight, and the rest in a sentence"
    )


# github-action-benchmark


@pytest.mark.parametrize("direction", ["smaller", "bigger"])
def test_the_action_finds_its_fields_and_one_direction(
    direction: str, run: Run, evil_run: Run
) -> None:
    name = f"github-action-benchmark-{direction}"
    for made in [
        *(text(name, changes) for changes in ALL),
        of_run(name, run),
        of_run(name, evil_run),
    ]:
        entries = strict(made)
        jsonschema.validate(entries, ACTION)
        assert len({entry["name"] for entry in entries}) == len(entries), "the name is its key"
    units = {entry["name"].rpartition("/")[2]: entry["unit"] for entry in strict(of_run(name, run))}
    assert ("throughput" in units) is (direction == "bigger") and ("latency_p50_ms" in units) is (
        direction == "smaller"
    )
    assert "finished" not in units, "neither more nor less of it is better"


# Bencher


def test_bencher_finds_values_within_their_bounds(run: Run, evil_run: Run) -> None:
    documents = [
        strict(made)
        for made in [
            *(text("bmf", changes) for changes in ALL),
            of_run("bmf", run),
            of_run("bmf", evil_run),
        ]
    ]
    for document in documents:
        jsonschema.validate(document, BMF)
        for name, measures in document.items():
            assert 0 < len(name) <= 1024 and all(
                re.fullmatch("[a-z0-9-]{1,64}", measure) for measure in measures
            )
            for each in measures.values():
                assert (
                    each.get("lower_value", each["value"])
                    <= each["value"]
                    <= each.get("upper_value", each["value"])
                )
    head = documents[1]["burst/- huey/process{again}"]
    assert head["throughput"] == {
        "value": 921.0,
        "lower_value": 972 * 0.94,
        "upper_value": 972 * 0.956,
    }
    assert head["broker-commands-per-task"] == {
        "value": 6.0,
        "lower_value": 6.0,
        "upper_value": 6.0,
    }
    assert "work-recovery-s" not in str(documents[1]), "no number, no point"


def test_a_stored_run_gives_the_mean_of_its_blocks(run: Run) -> None:
    rows = run.measures.query("arm == 'huey/default' and metric == 'throughput'")
    found = strict(of_run("bmf", run))["burst/- huey/default"]["throughput"]
    product = float(rows["value"].prod())
    assert (
        found["value"] == pytest.approx(product ** (1 / 3))
        and found["lower_value"] < found["value"] < found["upper_value"]
    )


def test_blocks_that_flatter_are_no_point(tmp_path: Path) -> None:
    made = stored_run(tmp_path / "r", {"burst": ("-",)}, systems=("huey",), blocks=3)

    def beyond(frame: Any) -> None:
        at = frame.index[frame["metric"] == "throughput"]
        frame.loc[at[0], "verdict"] = "beyond"
        frame.loc[frame.index[frame["metric"] == "enqueue_rate"][0], ["verdict", "value"]] = [
            "invalid",
            float("nan"),
        ]

    found = strict(of_run("bmf", rewrite_measures(made, beyond)))["burst/- huey/default"]
    assert "throughput" not in found and "lower_value" not in found["enqueue-rate"], (
        "two blocks are left, and two give no interval"
    )
    assert 'verdict="beyond"} 1.0' in of_run("openmetrics", rewrite_measures(made, beyond))


# pyperf


def test_pyperf_compares_two_arms(run: Run, tmp_path: Path) -> None:
    files = []
    for arm in ("celery/default", "huey/default"):
        files.append(tmp_path / f"{arm.partition('/')[0]}.json")
        assert write_run(run, [f"pyperf={files[-1]}"], arm) == [files[-1]]
        suite = pyperf.BenchmarkSuite.load(str(files[-1]))
        throughput = suite.get_benchmark("burst/-/throughput")
        expected = run.measures.query(f"arm == '{arm}' and metric == 'throughput'")["value"]
        assert throughput.get_values() == pytest.approx(tuple(1 / value for value in expected))
        assert (
            throughput.get_unit() == "second"
            and suite.get_benchmark("burst/-/worker_memory_peak_bytes").get_unit() == "byte"
        )
    done = subprocess.run(
        [sys.executable, "-m", "pyperf", "compare_to", *map(str, files)],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"burst/-/throughput: Mean \+- std dev: \[celery\] .* -> \[huey\] .* faster", done.stdout
    ), done.stdout


def test_pyperf_asks_for_one_arm(run: Run, evil_run: Run) -> None:
    with pytest.raises(UsageError, match="choose one with --arm, of celery/default"):
        of_pyperf.document(run)
    with pytest.raises(UsageError, match="no arm 'huey'"):
        of_pyperf.document(run, "huey")
    assert strict(of_pyperf.document(evil_run))["metadata"]["queue_bench_arm"].startswith(
        "celery/default{x=<b>"
    )


def test_pyperf_of_an_arm_without_numbers_is_refused(evil_run: Run) -> None:
    nothing = rewrite_measures(
        evil_run, lambda frame: frame.update({"verdict": ["invalid"] * len(frame)})
    )
    with pytest.raises(UsageError, match="no duration, rate or memory"):
        of_pyperf.document(nothing)


# OpenMetrics


def test_openmetrics_is_parsed_by_prometheus(run: Run, evil_run: Run) -> None:
    for made in [
        *(text("openmetrics", changes) for changes in ALL),
        of_run("openmetrics", run),
        of_run("openmetrics", evil_run),
    ]:
        assert made.endswith("# EOF\n")
        assert all(
            family.name.startswith("queue_bench_")
            for family in text_string_to_metric_families(made)
        )
    families = {
        family.name: family for family in text_string_to_metric_families(of_run("openmetrics", run))
    }
    sample = next(
        each
        for each in families["queue_bench_throughput"].samples
        if each.labels["arm"] == "huey/default" and each.labels["bound"] == "value"
    )
    assert sample.labels == {
        "system": "huey",
        "profile": "default",
        "broker": "redis",
        "scenario": "burst",
        "case": "-",
        "arm": "huey/default",
        "bound": "value",
    }
    assert sample.value == pytest.approx(
        strict(of_run("bmf", run))["burst/- huey/default"]["throughput"]["value"]
    )
    assert families["queue_bench_run"].samples[0].labels["run"] == run.id


def test_openmetrics_of_a_comparison_has_its_ratios_and_exit_code() -> None:
    families = {
        family.name: family
        for family in text_string_to_metric_families(text("openmetrics", comparison()))
    }
    ratios = {
        (each.labels["metric"], each.labels["bound"]): each.value
        for each in families["queue_bench_ratio"].samples
    }
    assert ratios["throughput", "value"] == 0.948 and ratios["throughput", "low"] == 0.94
    assert ("work_recovery_s", "value") not in ratios, "no NaN"
    assert families["queue_bench_exit_code"].samples[0].value == 1
    again = text("openmetrics", comparison(lines=(line(head="celery/durable@rabbitmq{a=1}"),)))
    assert 'system="celery",profile="durable",broker="rabbitmq"' in again


# Prometheus' text format


def readable(made: str) -> dict[str, Metric]:
    """Its families; types and escapes are looked at here, the parser knows those of OpenMetrics."""
    types = {line.split()[3] for line in made.splitlines() if line.startswith("# TYPE")}
    assert types <= {"counter", "gauge", "histogram", "summary", "untyped"} and "# EOF" not in made
    helps = [line.split(" ", 3)[3] for line in made.splitlines() if line.startswith("# HELP")]
    assert not any(re.search(r"\\[^\\n]", text.replace(r"\\", "")) for text in helps)
    return {family.name: family for family in of_prometheus(made)}


def test_prometheus_reads_the_same_numbers_as_openmetrics(run: Run, evil_run: Run) -> None:
    for made in [*(text("prometheus", changes) for changes in ALL), of_run("prometheus", evil_run)]:
        assert readable(made)
    made = of_run("openmetrics", run)
    newer = {family.name: family for family in text_string_to_metric_families(made)}
    older = readable(of_run("prometheus", run))
    info = older.pop("queue_bench_run_info").samples
    assert info == newer.pop("queue_bench_run").samples and info[0].labels["run"] == run.id
    assert older.keys() == newer.keys()
    assert all(older[name].samples == newer[name].samples for name in older)


@pytest.mark.skipif(not shutil.which(EXPORTER), reason=f"no node_exporter: apt install {EXPORTER}")
def test_the_textfile_collector_of_node_exporter_reads_it(run: Run, tmp_path: Path) -> None:
    for number, changes in enumerate(ALL):
        write(changes, [f"prometheus={tmp_path / 'made.prom'}"])
        assert scraped(tmp_path)[1] == 0, number
    write_run(run, [f"prometheus={tmp_path / 'made.prom'}"])
    samples = of_run("prometheus", run).count("\nqueue_bench_")
    assert scraped(tmp_path) == (samples, 0)


def scraped(folder: Path) -> tuple[int, float]:
    """(samples of ours that a real node_exporter hands on, its error)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{free.getsockname()[1]}"
    only = ("--collector.disable-defaults", "--collector.textfile")
    place = f"--collector.textfile.directory={folder}"
    command = [EXPORTER, f"--web.listen-address={at}", *only, place]
    exporter = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        page = _answer(f"http://{at}/metrics", exporter)
    finally:
        exporter.kill()
        exporter.wait()
    lines = page.splitlines()
    error = next(line for line in lines if line.startswith("node_textfile_scrape_error"))
    return sum(line.startswith("queue_bench_") for line in lines), float(error.split()[1])


def _answer(url: str, server: subprocess.Popen[bytes]) -> str:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(200):
        try:
            return str(direct.open(url, timeout=5).read().decode())
        except OSError:
            assert server.poll() is None, "node_exporter has ended"
            time.sleep(0.05)
    raise AssertionError("node_exporter does not answer")


# Writing


def test_every_file_that_can_be_written_is_written_though_one_cannot(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write(comparison(), ["junit=/proc/x.xml", f"markdown={tmp_path / 'a.md'}"])
    assert (tmp_path / "a.md").stat().st_size


def test_all_that_is_asked_for_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write(
        comparison(), [f"junit={tmp_path / 'a=b.xml'}", "github=-", f"bmf={tmp_path / 'c.json'}"]
    )
    assert files == [tmp_path / "a=b.xml", tmp_path / "c.json"] and all(
        file.stat().st_size for file in files
    )
    assert capsys.readouterr().out.startswith("::error title=queue-bench%3A regression::")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a=b.xml", "c.json"]


def test_the_job_summary_is_added_to_and_other_files_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, other = tmp_path / "summary.md", tmp_path / "other.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for file in (summary, other):
        file.write_text("before\n", encoding="utf-8")
    write(comparison(), [f"markdown={summary}", f"markdown={other}"])
    assert summary.read_text(encoding="utf-8").startswith(
        "before\n**queue-bench"
    ) and other.read_text(encoding="utf-8").startswith("**queue-bench")


def test_a_device_is_written_to_and_not_replaced() -> None:
    write(comparison(), ["junit=/dev/null"])
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("junt=x", "did you mean junit"),
        ("github-action-benchmark=x", "did you mean github-action-benchmark-"),
        ("junit", "is not FORMAT=FILE"),
        ("junit=", "is not FORMAT=FILE"),
        ("=x", "unknown format ''"),
        ("junit=no/such/folder/x.xml", "there is no folder"),
        ("junit=tests", "is a folder"),
        ("junit=/proc/x.xml", "cannot be written"),
        ("pyperf=x.json", "bench export RUN"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(asked: str, words: str, tmp_path: Path) -> None:
    first = tmp_path / "first.md"
    with pytest.raises(UsageError) as error:
        write(comparison(), [f"markdown={first}", asked])
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not first.exists() or asked.startswith("junit=/proc"), (
        "nothing is written where something cannot be"
    )


def test_a_comparison_only_format_is_refused_for_a_run(run: Run) -> None:
    with pytest.raises(UsageError, match="bench compare"):
        write_run(run, ["junit=x.xml"])
