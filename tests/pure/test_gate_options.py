"""What a gate refuses before anything is measured: a measure that no chosen case has."""

from pathlib import Path

import pandas as pd
import pytest

from bench.base.errors import UsageError
from bench.check.blocks import GATED
from bench.check.check_options import CheckOptions, planned, with_standing
from bench.model.scenario import load_scenarios
from tests.fixture_run import write_run

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"


def asked(
    *cases: str,
    scenarios: tuple[str, ...] = (),
    arms: tuple[str, str] = ("huey/default", "huey/process"),
    fail_on: tuple[str, ...] = (),
    thresholds: tuple[str, ...] = (),
) -> CheckOptions:
    shares = dict.fromkeys(thresholds, 0.05)
    return CheckOptions(*arms, scenarios, cases, fail_on=fail_on, thresholds=shares)


SPEED, P99, COMMANDS = ("throughput",), ("latency_p99_calm_ms",), ("broker_commands_per_task",)
MEMORY = ("broker_memory_peak_bytes",)
RABBIT, SQLITE = "celery/default@rabbitmq", "huey/default@sqlite"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (asked("backlog=10000", fail_on=SPEED), "--fail-on throughput: no chosen case"),
        (
            asked("backlog", fail_on=("worker_cpu_ms_per_task",)),
            "take --scenario burst --case - or",
        ),
        (asked("backlog=10000", thresholds=SPEED), "--threshold throughput: no chosen case"),
        (asked("bulk", "backlog=1000", fail_on=SPEED), "measures broker_memory_peak_bytes$"),
        (asked("bulk"), "nothing is selected that the gate judges: take case - of the burst"),
        (asked("capacity", "-", fail_on=P99), "take --scenario latency --case load=0.3 or"),
        (asked("capacity", fail_on=P99), "nothing is selected that the gate judges"),
        (asked("rate=30", "-", fail_on=P99), "no chosen case measures it"),
        (asked("load=0.9", "-", fail_on=P99), "no chosen case measures it"),
        (asked("load=0.5", fail_on=SPEED), "no chosen case measures it"),
        (asked(scenarios=("burst",), thresholds=P99), "no chosen case measures it"),
        (asked(arms=(RABBIT, "celery/durable@rabbitmq"), fail_on=COMMANDS), "counts no commands"),
        (asked(arms=(RABBIT, "celery/default"), fail_on=COMMANDS), "RabbitMQ counts no commands"),
        (asked(arms=(SQLITE, "huey/default"), fail_on=MEMORY), "SQLite has no server"),
        (asked("backlog=10", arms=(SQLITE, "huey/default")), "nothing is selected"),
    ],
)
def test_what_no_chosen_case_measures_is_refused(options: CheckOptions, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        planned(options)


@pytest.mark.parametrize(
    "options",
    [
        asked(fail_on=(*SPEED, *P99)),
        asked("rtt=2", fail_on=SPEED),
        asked("backlog=10000", fail_on=MEMORY, thresholds=MEMORY),
        asked("bulk", "-", fail_on=SPEED),
        asked("load=0.65", fail_on=P99),
        asked(arms=("celery/default", RABBIT), fail_on=COMMANDS),  # the gate finds that it is gone
    ],
)
def test_what_a_chosen_case_measures_is_not(options: CheckOptions) -> None:
    planned(options)


def test_thresholds_of_a_file_hold_for_what_is_measured() -> None:
    standing = {"throughput": 0.1, "latency_p99_calm_ms": 0.3}
    options = with_standing(asked("-"), standing)
    assert options.thresholds == {"throughput": 0.1}
    planned(options)
    assert with_standing(asked(thresholds=SPEED), standing).thresholds == {
        "throughput": 0.05,
        "latency_p99_calm_ms": 0.3,
    }


def test_each_case_says_what_a_gate_finds_in_its_measures(tmp_path: Path) -> None:
    cases = {"burst": ("-", "bulk", "backlog=1000"), "latency": ("capacity", "load=0.7", "rate=30")}
    made = write_run(tmp_path / "run", cases, ("huey",)).measures
    measures = pd.concat([made, pd.read_csv(REFERENCE / "network" / "measures.csv")])
    seen = set()
    for (scenario, case), rows in measures.groupby(["scenario", "case"]):
        said = load_scenarios()[str(scenario)].figures(str(case))
        assert set(said) & set(GATED) == set(rows["metric"]) & set(GATED), (scenario, case)
        seen.add(case)
    assert {"-", "backlog=1000", "rtt=2", "load=0.7"} <= seen
