"""Every fault, done for real to a real system; and what is known of it comes out."""

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from bench.analysis.dataset import join
from bench.analysis.evidence import Evidence, evidence
from bench.model.fault import FURTHER
from bench.record import store
from tests.conftest import ours
from tests.contract.test_contract import there
from tests.e2e.test_end_to_end import begin, bench

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def carried_out(
    folder: Path, arm: str, *cases: str, size: str = "smoke", may_lose: tuple[str, ...] = ()
) -> tuple[store.Run, dict[str, Evidence]]:
    """The run, and the evidence of each of its cases; of `may_lose` alone one may be wrong."""
    there(arm)
    words = [word for case in cases for word in ("--case", case)]
    done = bench(
        folder, "run", "recovery", "--size", size, "--arm", arm, *words, "--out", "run", timeout=900
    )
    run = store.open_run(folder / "run")
    wrong = {line.case for line in run.manifest.cells if line.verdict == "wrong"}
    assert wrong <= set(may_lose), done.stdout
    assert done.returncode in ((3,) if wrong else (0, 4)), done.stderr + done.stdout
    name = next(iter(run.manifest.arms))
    found = {case: evidence(join([run]), case, name) for case in cases}
    invalid = [line.reason for line in run.manifest.cells if line.verdict == "invalid"]
    if invalid:
        pytest.skip(f"the machine was too busy: {invalid[0]}")
    return run, {case: each for case, each in found.items() if each}


@pytest.mark.parametrize("arm", ["celery/durable", "huey/durable@sqlite"])
def test_every_further_fault_ends_and_tells(tmp_path: Path, arm: str) -> None:
    # kombu takes a task off the queue, and then remembers it. Both were seen to strike between the
    # two, and to lose it in spite of late acknowledgement: a full Redis refuses the second, and to
    # a connection that is dead and open Redis hands a task that nobody receives.
    between = ("broker-full", "half-open") if arm.startswith("celery/") else ()
    run, found = carried_out(tmp_path, arm, *FURTHER, may_lose=between)
    states = {line.case: (line.state, line.verdict) for line in run.manifest.cells}
    refused = {case for case, (_, verdict) in states.items() if verdict == "not_offered"}
    nothing_there = {
        "broker-freeze",
        "broker-full",
        "connections-killed",
        "enqueue-outage",
        "network-cut",
        "half-open",
    }
    assert refused == (nothing_there if "sqlite" in arm else set())
    assert set(found) == set(FURTHER) - refused
    for each in found.values():
        assert sum(each.hit.values()) + len(each.enqueuing) > 0, each
    assert json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["brokers"]


def test_a_poison_task_is_run_again_by_who_promises_at_least_once_and_is_no_loss(
    tmp_path: Path,
) -> None:
    run, _ = carried_out(tmp_path, "rq/durable@redis", "poison")
    measures = pd.read_csv(run.path / "measures.csv").set_index("metric")
    assert measures.loc["culprit_runs", "value"] == 4, "Retry(max=3) runs it four times"
    assert measures.loc["lost", "value"] == 0


def test_what_rq_records_as_failed_is_freed_by_the_command_that_it_documents(
    tmp_path: Path,
) -> None:
    _, found = carried_out(tmp_path, "rq/default", "child-crash")
    each = found["child-crash"]
    recovery = each.manual_recovery
    assert each.running["failed"] == 1 and recovery is not None
    assert recovery.commands == ("rq requeue -c adapters.rq.settings --queue default --all",)
    assert recovery.finished == len(recovery.tasks) == 1


def test_celery_on_rabbitmq_with_late_acknowledgement_loses_nothing(tmp_path: Path) -> None:
    _, found = carried_out(tmp_path, "celery/durable@rabbitmq", "worker-crash", size="quick")
    each = found["worker-crash"]
    assert set(each.hit) <= {"recovered", "finished"} and each.running == {"recovered": 2}
    assert max(each.back_s) < 10, "the broker gives back what a closed connection had"


def test_celery_on_redis_loses_what_ran_and_leaves_what_was_prefetched(tmp_path: Path) -> None:
    _, found = carried_out(tmp_path, "celery/default", "worker-crash", size="quick")
    each = found["worker-crash"]
    assert each.running == {"lost": 2} and sum(each.waiting.values()) >= 6
    assert each.waiting.get("stuck", 0) >= 4 and each.places["unacked"] >= 4


@pytest.mark.parametrize(
    ("arm", "case"), [("celery/durable@rabbitmq", "broker-freeze"), ("huey/durable", "half-open")]
)
def test_kill_9_in_the_middle_of_a_fault_leaves_nothing(
    tmp_path: Path, arm: str, case: str
) -> None:
    there(arm)
    before = set(ours())
    process = begin(tmp_path, "--arm", arm, scenario="recovery", case=case)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(
        (tmp_path / "run").glob("cells/*/logs/generator.log")
    ):
        time.sleep(0.1)
    time.sleep(18)  # boot and lead-in are over, the fault lasts for ten seconds
    process.kill()
    process.wait()
    killed = time.monotonic()
    while set(ours()) - before and time.monotonic() < killed + 5:
        time.sleep(0.05)
    assert {pid: line for pid, line in ours().items() if pid not in before} == {}
    assert list((tmp_path / "run").rglob("work")) == []
