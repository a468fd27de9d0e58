"""Tiny real runs: the command as a user types it, real Redis, real workers, real kills."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import psutil
import pytest

from bench.record import ledger, store
from bench.record.fates import fates
from bench.record.ledger import Ints
from bench.selftest.synthetic_runs import Session, arm
from bench.selftest.synthetic_runs import cells as newest
from tests.conftest import ours

ROOT = Path(__file__).resolve().parents[2]
BENCH = [sys.executable, "-m", "bench.cli"]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}
pytestmark = pytest.mark.e2e


def bench(folder: Path, *args: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder of its own.

    With `--wait`, for another test run may be measuring on this host.
    """
    wait = ["--wait"] if args[0] == "run" else []
    return subprocess.run(
        [*BENCH, *args, *wait],
        cwd=folder,
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def begin(
    folder: Path, *args: str, scenario: str = "burst", case: str = "-"
) -> subprocess.Popen[str]:
    """Start a smoke run that the test will cut off."""
    command = [
        *BENCH,
        "run",
        scenario,
        "--case",
        case,
        "--size",
        "smoke",
        "--out",
        "run",
        "--wait",
        *args,
    ]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=ENV,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One smoke run of the three scenarios that `bench run` alone stands for, with its report."""
    folder = tmp_path_factory.mktemp("smoke")
    label = ("--label", "<script>alert(1)</script>")
    done = bench(folder, "run", "--size", "smoke", "--arm", "huey/default", "--out", "run", *label)
    # A busy test machine may make a cell invalid (4); nothing else may happen.
    assert done.returncode in (0, 4), done.stderr + done.stdout
    return folder


def test_a_run_is_complete(smoke: Path) -> None:
    run = store.open_run(smoke / "run")
    assert {line.state for line in run.manifest.cells} == {"done"}
    assert {line.scenario for line in run.manifest.cells} == {"burst", "latency", "recovery"}
    burst = next(
        cell
        for line, cell in run.measured()
        if line.scenario == "burst" and line.arm == "huey/default"
    )
    told = fates(ledger.load(burst), [], burst.held)
    assert told.count("finished") == 200
    assert run.manifest.versions["huey/default"]["huey"]


def test_measuring_again_gives_the_same_numbers(smoke: Path) -> None:
    before = (smoke / "run" / "measures.csv").read_bytes()
    assert bench(smoke, "measure", "run").returncode == 0
    assert (smoke / "run" / "measures.csv").read_bytes() == before


def test_the_report_is_the_same_twice_and_escapes_what_comes_from_outside(smoke: Path) -> None:
    assert bench(smoke, "report", "run", "--out", "again.html").returncode == 0
    page = (smoke / "reports" / "run.html").read_bytes()  # the run has made it
    assert page == (smoke / "again.html").read_bytes()
    assert b"<script>alert(1)" not in page and b"&lt;script&gt;alert(1)" in page
    assert len(page) < 2_000_000


def test_a_kill_of_the_workers_loses_what_ran_and_nothing_else(smoke: Path) -> None:
    measures = pd.read_csv(smoke / "run" / "measures.csv")
    mine = measures[
        (measures["scenario"] == "recovery") & (measures["arm"] == "huey/default")
    ].set_index("metric")
    if (mine["verdict"] == "invalid").any():
        pytest.skip("the machine was too busy for this cell: " + str(mine["reason"].iloc[0]))
    assert mine.loc["running", "value"] == mine.loc["lost", "value"]
    assert mine.loc["doubled", "value"] == 0
    assert mine.loc["work_recovery_s", "verdict"] == "beyond"


def test_an_existing_run_is_not_overwritten(smoke: Path) -> None:
    done = bench(smoke, "run", "burst", "--size", "smoke", "--arm", "floor", "--out", "run")
    assert done.returncode == 64 and "holds a run already" in done.stderr


@pytest.mark.slow  # what is missing is waited for; `selftest --quick` plants losses and doubles too
def test_a_planted_loss_and_a_planted_double_are_found_by_id_and_give_no_speed(
    tmp_path: Path,
) -> None:
    planted = ("--arm", "planted", "--adapter", str(ROOT / "tests" / "planted"))
    done = bench(tmp_path, "run", "burst", "--size", "smoke", *planted, "--out", "run")
    assert done.returncode == 3, done.stderr + done.stdout
    run = store.open_run(tmp_path / "run")
    told = fates(ledger.load(run.cell(1)), [], run.cell(1).held)
    assert told.by_name["lost"].tolist() == [31] and told.by_name["doubled"].tolist() == [92]
    measures = run.measures.set_index("metric")
    assert measures.loc["throughput", "verdict"] == "wrong" and pd.isna(
        measures.loc["throughput", "value"]
    )
    assert measures.loc["lost", "value"] == 1 and measures.loc["doubled", "value"] == 1


def test_a_planted_wrong_answer_is_found_and_gives_no_speed(tmp_path: Path) -> None:
    done = bench(
        tmp_path,
        "run",
        "result",
        "--size",
        "smoke",
        "--arm",
        "planted",
        "--adapter",
        str(ROOT / "tests" / "planted"),
        "--out",
        "run",
    )
    assert done.returncode == 3, done.stderr + done.stdout
    measures = store.open_run(tmp_path / "run").measures.set_index("metric")
    assert (
        measures.loc["round_trip_p50_ms", "verdict"] == "wrong"
        and "the result of task 5 was 6" in measures.loc["round_trip_p50_ms", "reason"]
    )


@pytest.mark.parametrize(
    ("asked", "metric"),
    [
        pytest.param(("work", "--case", "sleep/N"), "throughput", id="work"),
        pytest.param(("result",), "round_trip_p50_ms", id="result"),
        pytest.param(("soak",), "load_rate", id="soak", marks=pytest.mark.slow),
    ],
)
def test_each_further_scenario_runs_by_its_name(
    tmp_path: Path, asked: tuple[str, ...], metric: str
) -> None:
    done = bench(
        tmp_path, "run", *asked, "--size", "smoke", "--arm", "huey/default", "--out", "run"
    )
    assert done.returncode in (0, 4), done.stderr + done.stdout
    run = store.open_run(tmp_path / "run")
    row = run.measures[run.measures["metric"] == metric].iloc[-1]
    assert row["verdict"] == "ok" or str(row["reason"]).startswith(("foreign load", "generator")), (
        row["reason"]
    )
    assert {line.state for line in run.manifest.cells} == {"done"} and (
        tmp_path / "reports" / "run.html"
    ).exists()


def test_latency_and_soak_find_the_same_capacity(tmp_path: Path) -> None:
    """A queue whose slots begin 200 tasks per second, by the one procedure of both."""
    session = Session(tmp_path, lambda _: None)
    paced = arm(capacity=200.0, batch=20, fire_and_forget=True)

    def marks(name: str, case: str, params: dict[str, float]) -> tuple[dict[str, float], Ints]:
        # `meddle`: a busy machine makes the cells invalid, and their stamps stand.
        run = session.run(
            *(name, name, [paced], [case]),
            size="smoke",
            params=params,
            meddle=lambda _: nullcontext(),
        )
        cell = newest(run)[-1]
        return dict(cell.log.marks), ledger.load(cell).first_finish()

    latency, finished = marks("latency", "capacity", {})
    start, end = latency["capacity_start_ns"], latency["capacity_end_ns"]
    inside = ((finished > start) & (finished <= end)).sum()
    soak, _ = marks("soak", "-", {"minutes": 0.05, "idle_s": 0.1})
    assert inside / (end - start) * 1e9 == pytest.approx(200, rel=0.05)
    assert soak["capacity"] == pytest.approx(200, rel=0.05)
    assert soak["rate"] == soak["capacity"] / 2


def test_a_backlog_is_filled_and_weighed_without_workers(tmp_path: Path) -> None:
    done = bench(
        tmp_path,
        *("run", "burst", "--size", "smoke", "--case", "backlog=300", "--case", "backlog=3000"),
        *("--arm", "huey/default", "--arm", "huey/default@sqlite", "--out", "run"),
    )
    assert done.returncode in (0, 4), done.stderr + done.stdout
    run = store.open_run(tmp_path / "run")
    per_task = run.measures["metric"] == "broker_bytes_per_task"
    weighed = run.measures[per_task].set_index(["arm", "case"]).to_dict("index")
    assert weighed["huey/default@sqlite", "backlog=300"]["verdict"] == "not_offered"
    found = weighed["huey/default", "backlog=3000"]
    if found["verdict"] != "ok":
        pytest.skip(f"the machine was too busy: {found['reason']}")
    # A message of Huey's, and what Redis needs to keep it in a list.
    assert 100 < found["value"] < 1000
    cell = next(c for line, c in run.measured() if line.case == "backlog=3000")
    assert len(cell.runs("task")) == 0 and len(cell.tasks("task")) == 3000


@pytest.mark.slow
def test_one_loss_and_one_double_in_100000_real_tasks_are_found_by_id(tmp_path: Path) -> None:
    planted = (
        "--arm",
        "planted",
        "--adapter",
        str(ROOT / "tests" / "planted"),
        "--tasks",
        "100000",
        "--case",
        "-",
    )
    done = bench(tmp_path, "run", "burst", "--size", "quick", *planted, "--out", "run")
    assert done.returncode == 3, done.stderr + done.stdout
    run = store.open_run(tmp_path / "run")
    told = fates(ledger.load(run.cell(1)), [], run.cell(1).held)
    assert told.by_name["lost"].tolist() == [31_415] and told.by_name["doubled"].tolist() == [
        92_653
    ]
    assert told.count("finished") == 99_998


def test_no_password_in_files_or_in_the_process_list(tmp_path: Path) -> None:
    process = begin(tmp_path, "--arm", "rq/default")
    passwords: set[str] = set()
    lines: set[str] = set()
    while process.poll() is None:
        for each in (
            psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        ):
            try:
                lines.add(" ".join(each.cmdline()))
                url = each.environ().get("QUEUE_BENCH_BROKER", "")
                passwords |= {url.split(":")[2].split("@")[0]} if url else set()
            except psutil.Error:
                continue
        time.sleep(
            0.2
        )  # looked at more often, we would be the foreign load that a cell is refused for
    assert passwords, "no process of the cell was seen"
    assert any("rq" in line and "worker" in line for line in lines)
    texts = [line.encode() for line in lines] + [
        path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()
    ]
    assert not [text for text in texts for password in passwords if password.encode() in text]


def wait_for_a_worker(run: Path, wanted: str, before: set[int]) -> None:
    """Until a worker of a cell is there; one that is only tried beforehand is none of a run."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = (line for pid, line in ours().items() if pid not in before)
        if (run / "run.json").exists() and any(wanted in line for line in lines):
            return
        time.sleep(0.02)
    pytest.fail(f"no {wanted} was seen")


@pytest.mark.parametrize(
    "arm", ["rq/default", pytest.param("huey/process", marks=pytest.mark.slow)]
)
def test_kill_9_of_bench_leaves_nothing_and_the_run_can_be_gone_on_with(
    tmp_path: Path, arm: str
) -> None:
    before = set(ours())
    process = begin(tmp_path, "--arm", "floor", "--arm", arm, "--seed", "3")
    wanted = "rq worker" if arm.startswith("rq") else "huey_consumer"
    wait_for_a_worker(tmp_path / "run", wanted, before)
    time.sleep(0.3)
    process.kill()
    process.wait()
    killed = time.monotonic()
    while set(ours()) - before and time.monotonic() < killed + 5:
        time.sleep(0.05)
    assert set(ours()) - before == set()
    assert list((tmp_path / "run").rglob("work")) == []
    assert bench(tmp_path, "measure", "run").returncode == 0, "what was measured must stay readable"
    done = bench(tmp_path, "run", "--resume", "run")
    assert done.returncode in (0, 4), done.stderr
    assert {line.state for line in store.open_run(tmp_path / "run").manifest.cells} == {"done"}


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    before = set(ours())
    process = begin(tmp_path, "--arm", "rq/default")
    wait_for_a_worker(tmp_path / "run", "rq worker", before)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=40)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert set(ours()) - before == set()
    assert (
        json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["cells"][0]["state"]
        != "done"
    )


def test_a_worker_that_does_not_start_makes_its_cell_invalid_and_quotes_its_log(
    tmp_path: Path,
) -> None:
    done = bench(
        tmp_path,
        "run",
        "burst",
        "--size",
        "smoke",
        "--arm",
        "celery/default{-c=nonsense}",
        "--arm",
        "floor",
        "--out",
        "run",
    )
    assert done.returncode == 4
    lines = {line.arm: line for line in store.open_run(tmp_path / "run").manifest.cells}
    broken = next(line for name, line in lines.items() if name.startswith("celery"))
    assert broken.state == "failed" and broken.reason
    assert lines["floor/default"].state == "done", "one bad cell must not end the run"


def test_a_redis_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    import redis

    from bench.brokers.choice import make_broker
    from bench.hosts.local import Host

    work = tmp_path / "work"
    work.mkdir()
    with Host(work) as host:
        server = make_broker("redis", host, work, tmp_path / "redis.log", "lpush", (), {})
        server.start()
        client = redis.Redis.from_url(server.url)
        client.set("precious", "1")
        done = bench(
            tmp_path,
            "run",
            "burst",
            "--size",
            "smoke",
            "--arm",
            "floor",
            "--redis",
            server.url,
            "--out",
            "refused",
        )
        assert (
            done.returncode == 64
            and "nothing was touched" in done.stderr
            and not (tmp_path / "refused").exists()
        )
        assert client.get("precious") == b"1"
        empty = server.url.removesuffix("/0") + "/3"
        done = bench(
            tmp_path,
            "run",
            "burst",
            "--size",
            "smoke",
            "--arm",
            "huey/default",
            "--redis",
            empty,
            "--out",
            "run",
        )
        assert done.returncode in (0, 4), done.stderr
        assert redis.Redis.from_url(empty).dbsize() == 0 and client.get("precious") == b"1"
        wrong = server.url.replace("//:", "//:x")
        assert (
            "refuses the password"
            in bench(tmp_path, "run", "--redis", wrong, "--out", "refused").stderr
        )
        client.close()
        server.close()
