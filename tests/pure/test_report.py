"""The report: the same bytes every time, self-contained, escaped, honest about what is missing."""

import io
import math
import re
import warnings
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from bench.analysis.comparisons import compare_arms
from bench.analysis.dataset import join
from bench.analysis.families import DUNNETT, MEANINGS, METHODS, TUKEY
from bench.analysis.formatting import figure
from bench.claims.rulings import MEANINGS as VERDICT_MEANINGS
from bench.claims.rulings import UNTESTED
from bench.model.feature_outcome import Finding
from bench.record.store import Run, open_run
from bench.report.headline import print_headline, rows_in_order, table
from bench.report.page import build_page
from bench.report.sentences import sentences
from bench.report.style import drawing, name_rows, new_figure, svg
from scenarios.burst.section import brokers
from tests.fixture_run import (
    ALL,
    altered,
    features_of,
    rewrite_measures,
    stored,
    write_run,
)

EVIL = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("runs") / "whole", label=EVIL)


@pytest.fixture(scope="module")
def page(whole: Run) -> str:
    return build_page([whole])


def headline(runs: list[Run]) -> pd.DataFrame:
    return table(join(runs))


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def text_of(html: str) -> str:
    return " ".join(
        re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg).*?</\1>", "", html, flags=re.DOTALL)).split()
    )


def at(frame: pd.DataFrame, item: str, system: str) -> pd.Series:  # type: ignore[type-arg]
    return frame[(frame["item"] == item) & (frame["system"] == system)].iloc[0]


def test_the_same_run_gives_the_same_bytes(whole: Run, page: str) -> None:
    assert build_page([open_run(whole.path)]) == page


def test_the_page_is_one_small_file_that_loads_nothing(page: str) -> None:
    assert len(page.encode()) < 2_000_000
    for tag, attrs in Tags(page).seen:
        assert tag not in ("link", "img", "iframe", "object", "image")
        assert "src" not in attrs
        if tag != "a":
            assert not any(
                (attrs.get(name) or "").startswith(("http", "//"))
                for name in ("href", "xlink:href")
            )
    assert "url(http" not in page and "@import" not in page


def test_what_comes_from_outside_is_escaped(page: str) -> None:
    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_a_source_that_is_no_web_page_is_not_a_link(whole: Run, tmp_path: Path) -> None:
    setting = {"name": "-c", "value": EVIL, "source": "javascript:alert(1)", "why": EVIL}
    changed = altered(whole, lambda info: info["arms"]["rq/default"].update(settings=[setting]))
    html = build_page([changed])
    assert not [
        attrs
        for tag, attrs in Tags(html).seen
        if tag == "a" and not (attrs["href"] or "").startswith(("#", "https://"))
    ]
    assert EVIL not in html


def test_svg_text_stays_text_and_ids_are_unique(page: str) -> None:
    assert page.count("<svg") >= 10
    assert ">seconds after the fault struck<" in page
    ids = [attrs["id"] for _, attrs in Tags(page).seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert "var(--s0)" in page and "#009e73" not in page.split("</style>", 1)[1]


def test_no_line_has_more_points_than_a_screen(page: str) -> None:
    assert max(path.count("L ") for path in re.findall(r' d="([^"]*)"', page)) <= 500


def test_the_headline_has_the_measured_and_the_published_figure(whole: Run) -> None:
    found = headline([whole])
    row = at(found, "throughput", "celery")
    assert row["claimed"] == "8,500 tasks/s"
    assert row["value"] == pytest.approx(1100, rel=0.05)
    assert row["cells"] == "001"
    assert at(found, "p99", "rq")["verdict"] == "ok"
    assert at(found, "recovery", "huey")["measured"] == "not within 20 s, 2 of 9 lost"
    assert at(found, "recovery", "rq")["measured"] == "not within 20 s, 2 of 9 stuck"
    assert at(found, "recovery", "celery")["measured"] == "9.00 s"


def test_the_sentences_are_made_from_the_data(whole: Run) -> None:
    joined = join([whole])
    first, second = sentences(joined, table(joined))
    assert first.startswith("As shipped, on Redis, results kept, this machine drained ")
    assert "Celery > RQ > Huey" in first and "2 pairs the other way round" in first
    assert "Huey not within 20 s (2 of 9 lost; published: manual intervention)" in second


def test_a_pair_that_only_its_own_t_test_tells_apart_is_not_told_apart(tmp_path: Path) -> None:
    """By itself each pair has p = 0.03: among the three of the table Holm leaves none."""
    at = {"celery": (0.0, 0.0, 0.0), "rq": (0.1, 0.14, 0.18), "huey": (0.2, 0.28, 0.36)}

    def plant(frame: pd.DataFrame) -> None:
        for system, logs in at.items():
            mine = (frame["metric"] == "throughput") & (frame["arm"] == f"{system}/default")
            frame.loc[mine, "value"] = [500 * math.exp(log) for log in logs]

    run = rewrite_measures(write_run(tmp_path / "r", {"burst": ("-",)}, blocks=3), plant)
    first, _ = sentences(join([run]), headline([run]))
    assert "that leaves 3 pairs not told apart" in first
    pair = run.measures["arm"].isin(("celery/default", "rq/default"))
    alone = compare_arms(run.measures[pair], "full")
    assert list(alone.loc[alone["metric"] == "throughput", "verdict"]) == ["faster"]


def test_a_name_of_many_settings_leaves_room_for_what_is_drawn() -> None:
    long = 'celery/tuned[msgpack]{task_serializer="msgpack", accept_content=["msgpack"]}'
    with drawing(), warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns where an axes has no room left
        picture, axes = new_figure(2.0)
        name_rows(axes[0], ["huey/default", long])
        text = svg(picture, "rows", "rows")
    assert "celery/tuned<" in text and "[msgpack]{task_serializer=" in text and "…<" in text


def test_the_headline_shows_the_calls_that_were_refused(tmp_path: Path) -> None:
    def refuse(frame: pd.DataFrame) -> None:
        calls = (frame["metric"] == "refused") & (frame["arm"] != "rq/default")
        frame.loc[calls, "value"] = 12

    run = rewrite_measures(write_run(tmp_path / "r", {"recovery": ("worker-crash",)}), refuse)
    found = headline([run])
    assert at(found, "recovery", "celery")["measured"] == "9.00 s, 12 calls refused"
    lost = "not within 20 s, 2 of 9 lost, 12 calls refused"
    assert at(found, "recovery", "huey")["measured"] == lost
    assert "refused" not in at(found, "recovery", "rq")["measured"]
    _, second = sentences(join([run]), found)
    assert "Celery after 9.00 s (12 calls refused; published: 8 s)" in second


def test_the_floor_is_none_of_memory(page: str) -> None:
    said = text_of(page)
    assert "could reach in throughput, CPU and commands; its memory is no bound" in said
    assert "memory in the burst, workers and broker together, is" in said.lower()


def test_an_invalid_measure_shows_its_verdict_and_no_number(tmp_path: Path) -> None:
    def spoil(frame: pd.DataFrame) -> None:
        mask = (frame["scenario"] == "burst") & (frame["arm"] == "huey/default")
        frame.loc[mask, ["value", "verdict", "reason"]] = [
            float("nan"),
            "invalid",
            "foreign load: 9 %",
        ]

    run = rewrite_measures(write_run(tmp_path / "r", {"burst": ("-",)}), spoil)
    row = at(headline([run]), "throughput", "huey")
    assert (row["measured"], row["verdict"]) == ("invalid", "invalid")
    html = build_page([run])
    assert "foreign load: 9 %" in html
    assert "4,1" not in text_of(html.split('id="latency"')[0])


def test_a_cell_measured_again_replaces_the_invalid_one(tmp_path: Path) -> None:
    run = write_run(tmp_path / "r", {"burst": ("-",)}, systems=("celery", "floor"), blocks=2)
    first, other, _, _ = run.manifest.cells
    lines = (
        first.model_copy(update={"verdict": "invalid", "reason": "foreign load"}),
        other,
        first.model_copy(update={"number": 3, "retry_of": 1}),
    )
    manifest = run.manifest.model_copy(update={"cells": lines})
    assert manifest.standing() == {2, 3}
    frame = run.measures[run.measures["cell"] <= 3].assign(block=0)
    unfit = frame["cell"] == 1
    frame.loc[unfit, ["value", "verdict", "reason"]] = [float("nan"), "invalid", "foreign load"]
    frame["stands"] = (~unfit).astype(int)
    frame.to_csv(run.path / "measures.csv", index=False)
    changed = stored(Run(run.path, manifest))
    assert at(headline([changed]), "throughput", "celery")["cells"] == "003"
    page = build_page([changed])
    assert "Measured again" in page and "<td>001</td><td>003</td>" in page


@pytest.mark.parametrize(
    "cases",
    [
        {"burst": ("-",)},
        {"latency": ("capacity", "rate=30")},
        {"recovery": ("deploy",)},
        {"latency": ("load=0.5",)},
    ],
)
def test_a_part_that_was_not_run_is_said_to_be_missing(
    tmp_path: Path, cases: dict[str, tuple[str, ...]]
) -> None:
    html = build_page([write_run(tmp_path / "r", cases, systems=("rq", "floor"))])
    for scenario in ALL:
        lacking = f"bench run {scenario} measures it" in text_of(html)
        assert lacking is (scenario not in cases)
    assert "No selftest" in html


def test_load_one_half_is_labelled_as_such(tmp_path: Path) -> None:
    found = headline([write_run(tmp_path / "r", {"latency": ("load=0.5",)}, systems=("rq",))])
    assert "load 0.5" in at(found, "p99", "rq")["label"]


def test_a_run_without_any_measured_cell_still_has_a_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "r", {"burst": ("-",)}, systems=("rq",))
    failed = {"state": "failed", "verdict": "invalid", "reason": f"did not start: {EVIL}"}
    changed = altered(run, lambda info: [line.update(failed) for line in info["cells"]])
    run.measures.iloc[:0].to_csv(run.path / "measures.csv", index=False)
    html = build_page([stored(changed)])
    assert "did not start" in html and EVIL not in html


def test_several_runs_are_joined_and_each_part_names_its_run(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / "one", {"burst": ("-",)}, commit="1" * 40),
        write_run(tmp_path / "two", {"recovery": ("worker-crash",)}, commit="2" * 40),
    ]
    found = headline(runs)
    assert at(found, "throughput", "rq")["cells"] == "A·002"
    assert at(found, "recovery", "rq")["cells"] == "B·002"
    html = build_page(runs)
    assert "1" * 12 in html and "2" * 12 in html


def test_what_two_runs_both_measured_is_taken_from_the_first(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, {"burst": ("-",)}, systems=("rq",)) for name in ("one", "two")
    ]
    assert at(headline(runs), "throughput", "rq")["cells"] == "A·001"
    assert "the first shown" in build_page(runs)


def test_the_trust_panel_reads_the_stored_selftest_only(whole: Run) -> None:
    line = {
        "item": 1,
        "what": "planted <losses>",
        "expected": "3",
        "measured": "3",
        "verdict": "ok",
        "passed": True,
        "check": "",
    }
    bad = {
        **line,
        "item": 10,
        "what": "a gate",
        "measured": "ok",
        "verdict": "failed",
        "passed": False,
    }
    selftest = {
        "created": "2026-11-21T05:00:00Z",
        "seconds": 840,
        "quick": False,
        "lines": [bad, line],
    }
    tested = altered(whole, lambda info: info.update(selftest=selftest))
    html = build_page([tested, tested])
    assert html.count("planted &lt;losses&gt;") == 1, "two runs with one selftest show it once"
    assert (
        "1 of 2 figures as expected by the whole selftest of 2026-11-21, which took 14.0 minutes"
        in html
        and "No selftest" not in html
    )
    assert html.index("planted &lt;losses&gt;") < html.index("a gate")
    damaged = {"created": "x", "lines": ["damaged"]}
    assert "No selftest" in build_page([altered(whole, lambda info: info.update(selftest=damaged))])


def test_the_terminal_shows_the_table_and_takes_no_markup_from_outside(whole: Run) -> None:
    out = io.StringIO()
    print_headline([whole], Console(file=out, width=140))
    assert "published" in out.getvalue() and "Work recovery" in out.getvalue()


def rows(verdicts: list[tuple[float, str]], metric: str = "work_recovery_s") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "value": value,
                "verdict": verdict,
                "reason": "why",
                "metric": metric,
                "label": f"{n:03d}",
            }
            for n, (value, verdict) in enumerate(verdicts, 1)
        ]
    )


def verdict_cases() -> Iterator[tuple[list[tuple[float, str]], str, str]]:
    nan = float("nan")
    yield [(1.0, "ok"), (2.0, "ok"), (90.0, "beyond")], "2.00", "beyond"
    yield [(1.0, "ok"), (90.0, "beyond"), (90.0, "beyond")], "> 90", "beyond"
    yield [(nan, "invalid"), (2.0, "ok")], "2.00", "ok"
    yield [(nan, "wrong"), (2.0, "ok")], "wrong", "wrong"
    yield [(nan, "not_offered")], "not offered", "not_offered"
    yield [(nan, "unbounded"), (3.0, "ok"), (nan, "unbounded")], "unbounded", "unbounded"


def test_three_blocks_give_intervals_and_fewer_are_said_to_give_none(
    tmp_path: Path, page: str
) -> None:
    html = text_of(
        build_page(
            [write_run(tmp_path / "r", {"burst": ("-",)}, systems=("celery", "huey"), blocks=3)]
        )
    )
    assert "Pairs of arms" in html and "faster" in html and "no interval" not in html
    assert "Pairs of arms" not in page and "there is no interval" in page


def test_the_method_behind_each_interval_stands_beside_it_and_is_told_in_words(
    tmp_path: Path,
) -> None:
    def measured(frame: pd.DataFrame) -> None:
        withheld = (frame["metric"] == "worker_cpu_ms_per_task") & frame["value"].isna()
        frame.loc[withheld, "value"] = 0.4
        frame.loc[withheld, "verdict"] = "ok"

    systems = ("celery", "huey", "rq")
    run = write_run(tmp_path / "r", {"burst": ("-",)}, systems=systems, blocks=3)
    html = text_of(build_page([rewrite_measures(run, measured)]))
    for method in (TUKEY, METHODS["ratio"]):
        assert html.count(method) > 1 and MEANINGS[method] in html
    assert DUNNETT not in html


@pytest.mark.parametrize(("blocks", "text", "verdict"), list(verdict_cases()))
def test_blocks_are_summed_up_without_averaging_what_lies_beyond(
    blocks: list[tuple[float, str]], text: str, verdict: str
) -> None:
    found = figure(rows(blocks), "work_recovery_s")
    assert (found.text, found.verdict) == (text, verdict)


def test_arms_are_listed_in_the_order_of_the_published_table(whole: Run) -> None:
    assert join([whole]).systems == ["celery", "rq", "huey", "floor"]


def on_two_brokers(folder: Path, broker: str = "redis-always") -> Run:
    """A run of celery/default on Redis and on another broker: what was RQ has the second name."""
    run = write_run(folder, {"burst": ("-",), "latency": ("rate=30",)}, systems=("celery", "rq"))
    second = f"celery/default@{broker}"

    def change(info: dict[str, Any]) -> None:
        first = info["arms"]["celery/default"]
        info["arms"] = {
            "celery/default": first,
            second: first | {"arm": second, "broker": broker},
        }
        for line in info["cells"]:
            line["arm"] = second if line["arm"] == "rq/default" else line["arm"]

    def rename(frame: pd.DataFrame) -> None:
        frame.loc[frame["arm"] == "rq/default", ["arm", "system", "broker"]] = [
            second,
            "celery",
            broker,
        ]

    return rewrite_measures(stored(altered(run, change)), rename)


def test_brokers_stand_side_by_side_within_their_own_run(tmp_path: Path, whole: Run) -> None:
    run = on_two_brokers(tmp_path / "r")
    table = brokers(join([run]))[0]
    first, second = table.groups[0].rows
    assert (first.arm, second.arm) == ("celery/default", "celery/default@redis-always")
    assert second.figures[1].value == pytest.approx(
        float(second.figures[0].value or 0) / float(first.figures[0].value or 1)
    )
    assert first.figures[1].verdict == "missing", "the first is what the others are held against"
    assert brokers(join([whole])) == []
    # Beside a run that measured the same arm at another time, each keeps to its own.
    assert [row.cells for row in brokers(join([whole, run]))[0].groups[0].rows] == [
        "B·001, B·003",
        "B·002, B·004",
    ]


def test_another_broker_is_no_other_profile(tmp_path: Path) -> None:
    found = headline([on_two_brokers(tmp_path / "r")])
    assert not [item for item in found["item"] if "/" in item]


def test_what_a_documentation_begins_with_stands_below_what_is_as_shipped_on_redis(
    tmp_path: Path, whole: Run
) -> None:
    run = on_two_brokers(tmp_path / "r", "rabbitmq")
    found = headline([run])
    first = at(found, "throughput/first", "celery")
    assert first["arm"] == "celery/default@rabbitmq" and "begins with" in first["label"]
    assert first["value"] != at(found, "throughput", "celery")["value"]
    items = list(dict.fromkeys(item for item, _, _ in rows_in_order(join([run]), found)))
    assert items[:2] == ["throughput", "throughput/first"]
    assert "celery/default@rabbitmq" in build_page([run]).partition('id="burst"')[0]
    # RQ's begins with Redis: alone that is no other row.
    assert not [item for item in headline([whole])["item"] if item == "throughput/first"]


def of_unlike_guarantee(run: Run) -> Run:
    """The run, Celery's arm promising more than the others."""
    promise = {"guarantee": "at least once"}
    return altered(run, lambda info: info["arms"]["celery/default"].update(promise))


def test_arms_of_unlike_guarantee_never_stand_unmarked_in_one_row(whole: Run, page: str) -> None:
    mixed = of_unlike_guarantee(whole)
    screens = []
    for run in (whole, mixed):
        out = io.StringIO()
        print_headline([run], Console(file=out, width=200))
        screens.append(out.getvalue())
    assert "most once" not in screens[0]
    assert "(at least once)" in screens[1] and "(at most once)" in screens[1]
    html = build_page([mixed])
    assert "celery/default (at least once)</li>" in html
    assert "At least once: celery/default; the others: at most once." in html
    assert "(at least once)</li>" not in page and "; the others: at most once" not in page


def test_what_each_can_do_stands_in_the_page_where_it_was_given(whole: Run, page: str) -> None:
    rows = [
        Finding(
            system=system,
            feature="flow.chord",
            variant="",
            outcome=outcome,
            text=text,
            figures={},
            versions=versions,
            seconds=1.0,
            folder=f"trials/{system}/flow.chord",
            observation={},
        )
        for system, outcome, text, versions in (
            ("celery", "works", f"once {EVIL}", {"celery": "5.7.0"}),
            ("rq", "broken", "twice", {"rq": "2.12.0"}),
        )
    ]
    html = build_page([whole], features_of(rows))
    assert 'id="abilities"' in html and 'id="abilities"' not in page
    assert '<td class="fate broken">' in html and EVIL not in html
    assert (
        'id="claims"' in page and f"not testable here</b>: {VERDICT_MEANINGS[UNTESTED]}" in page
    ), "without features most claims are not testable"
    assert '<span class="ruling not">not comparable</span>' in page


def test_a_growth_of_whole_bytes_stands_in_the_unit_of_its_column() -> None:
    rows = pd.DataFrame(
        [["ok", 505_027_369.0, "", "001"]], columns=["verdict", "value", "reason", "label"]
    )
    assert figure(rows, "broker_growth_bytes_per_hour").text == "505"
    assert figure(rows, "finished").text == "505,027,369"
