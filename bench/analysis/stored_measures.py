"""From stored cells to measures.csv and comparisons.csv: offline, the same numbers every time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base.errors import EXIT_INVALID, EXIT_OK, EXIT_WRONG, UsageError
from bench.measure.cell_measures import measures_of
from bench.model.metric import METRICS, Measure
from bench.model.scenario import load_scenarios
from bench.record import documents, store
from bench.record.store import COMPARISON_COLUMNS, MEASURE_COLUMNS, Run


def measure_cell(run: Run, line: Mapping[str, Any]) -> list[Measure]:
    """Every measure of one cell, from its files; without files its verdict and reason."""
    scenario = load_scenarios()[line["scenario"]]
    if line["state"] == "done":
        return measures_of(
            scenario, run.cell(int(line["number"])), int(run.info["machine"]["cores"])
        )
    verdict = line["verdict"]
    return [
        Measure(name, None, verdict, line["reason"]) for name in scenario.expected(line["case"])
    ]


def rows(run: Run, line: Mapping[str, Any], measures: list[Measure]) -> list[list[Any]]:
    """The lines of measures.csv for one cell."""
    arm = run.info["arms"][line["arm"]]
    head = [
        run.id,
        line["scenario"],
        line["case"],
        line["arm"],
        arm["system"],
        arm["profile"],
        arm["broker"],
        arm["variant"],
        line["block"],
    ]
    return [
        [
            *head,
            m.metric,
            m.value,
            METRICS[m.metric].unit,
            METRICS[m.metric].better,
            m.verdict,
            m.reason,
        ]
        for m in measures
    ]


def measure_run(run: Run) -> pd.DataFrame:
    """measures.csv of a whole run, computed anew; UsageError for a slim one: it has no events."""
    if run.slim:
        raise UsageError(
            f"{run.path} is a slim run, its raw events are not there: "
            "its measures.csv stands as it was exported, measure the whole run"
        )
    table = [
        row
        for line in run.info["cells"]
        if line["state"] in ("done", "failed", "skipped")
        for row in rows(run, line, measure_cell(run, line))
    ]
    return pd.DataFrame(table, columns=MEASURE_COLUMNS)


def write_measures(run: Run, measures: pd.DataFrame) -> None:
    """Store measures.csv; UsageError if it cannot be written."""
    _csv(run.path / "measures.csv", measures)


def write(run: Run, measures: pd.DataFrame) -> None:
    """Store measures.csv and comparisons.csv; UsageError if they cannot be written."""
    # scipy behind it weighs 60 MB: not while a cell is being measured.
    from bench.analysis.comparisons import compare_arms

    _csv(run.path / "measures.csv", measures)
    if measures.empty or run.info["plan"]["size"] == "smoke":
        comparisons = pd.DataFrame(columns=COMPARISON_COLUMNS)
    else:
        guarantees = {name: arm["guarantee"] for name, arm in run.info["arms"].items()}
        comparisons = compare_arms(measures, run.info["plan"]["size"], guarantees)
    _csv(run.path / "comparisons.csv", comparisons)


def _csv(path: Path, frame: pd.DataFrame) -> None:
    part = path.with_name(path.name + ".part")
    try:
        # Absolute: pandas takes a name that begins with `~` for a home.
        where = part.absolute()
        frame.to_csv(where, index=False, float_format="%.9g", encoding="utf-8", errors="replace")
        part.replace(path)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(
            f"{path} cannot be written ({why}): free some space or choose another --out"
        ) from None


def note_versions(run: Run) -> None:
    """Write into run.json which version of each scenario has just made its figures.

    A run of 0.1 counted none and stays as it is.
    """
    code = run.info.get("code")
    if code is None:
        return
    scenarios = load_scenarios()
    for name, parts in code["scenarios"].items():
        parts["measure"] = scenarios[name].measure_version
    documents.write_json(run.path / "run.json", run.info)


def exit_code(run: Run, measures: pd.DataFrame) -> int:
    """The exit code of the worst of wrong, invalid and ok.

    An invalid cell that was measured again well does not count.
    """
    if (measures["verdict"] == "wrong").any():
        return EXIT_WRONG
    again = {
        line["retry_of"]
        for line in run.info["cells"]
        if line["retry_of"] is not None and line["state"] == "done" and line["verdict"] != "invalid"
    }
    bad = [
        line
        for line in run.info["cells"]
        if line["verdict"] == "invalid" and not {line["number"], line["retry_of"]} & again
    ]
    return EXIT_INVALID if bad else EXIT_OK


def open_measured(path: Path) -> Run:
    """A stored run with its measures; those of a run that was cut off are computed in memory."""
    run = store.open_run(path)
    if not (path / "measures.csv").exists():
        run.__dict__["measures"] = measure_run(run)
    return run
