"""From stored cells to measures.csv and comparisons.csv: offline, the same numbers every time."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from bench.base.errors import EXIT_INVALID, EXIT_OK, EXIT_WRONG, UsageError
from bench.model.manifest import CellLine
from bench.model.metric import METRICS, Measure
from bench.model.scenario import load_scenarios
from bench.record import store
from bench.record.store import COMPARISON_COLUMNS, MEASURE_COLUMNS, Run, StoredCell

# What a scenario's measure.py offers: from a cell's files and the number of cores of the machine.
Measuring = Callable[[StoredCell, int], list[Measure]]


def measure_cell(run: Run, line: CellLine) -> list[Measure]:
    """Every measure of one cell, from its files; without files its verdict and reason."""
    scenario = load_scenarios()[line.scenario]
    if line.state == "done":
        measure: Measuring = scenario.part("measure").measure
        return measure(run.cell(line.number), run.manifest.machine.cores)
    assert line.verdict, "a cell that was carried out has a verdict"
    return [Measure(name, None, line.verdict, line.reason) for name in scenario.expected(line.case)]


def table(run: Run, measures: Mapping[int, Iterable[Measure]]) -> pd.DataFrame:
    """measures.csv: the measures by the number of their cell, in the order of run.json.

    The order in which the cells were measured may be another. Each row says whether its cell
    stands by run.json.
    """
    rows = [
        row
        for line in run.manifest.cells
        if line.number in measures
        for row in _rows(run, line, measures[line.number])
    ]
    frame = pd.DataFrame(rows, columns=MEASURE_COLUMNS)
    return frame.assign(stands=frame["cell"].isin(run.manifest.standing()).astype(int))


def _rows(
    run: Run, line: CellLine, measures: Iterable[Measure]
) -> list[dict[str, str | float | None]]:
    """The rows of one cell; `table` finds out whether it stands."""
    arm = run.manifest.arms[line.arm]
    return [
        {
            "run": run.id,
            "cell": line.number,
            "stands": 0,
            "occasion": "",
            "scenario": line.scenario,
            "case": line.case,
            "part": each.part,
            "arm": line.arm,
            "system": arm.system,
            "profile": arm.profile,
            "broker": arm.broker,
            "variant": arm.variant,
            "block": line.block,
            "metric": each.metric,
            "value": each.value,
            "unit": METRICS[each.metric].unit,
            "better": METRICS[each.metric].better,
            "verdict": each.verdict,
            "reason": each.reason,
        }
        for each in measures
    ]


def measure_run(run: Run) -> pd.DataFrame:
    """measures.csv of a whole run, computed anew; UsageError for a slim one: it has no events."""
    if run.slim:
        raise UsageError(
            f"{run.path} is a slim run, its raw events are not there: "
            "its measures.csv stands as it was exported, measure the whole run"
        )
    carried_out = [line for line in run.manifest.cells if line.state != "planned"]
    return table(run, {line.number: measure_cell(run, line) for line in carried_out})


def write_measures(run: Run, measures: pd.DataFrame) -> None:
    """Store measures.csv; UsageError if it cannot be written."""
    _csv(run.path / "measures.csv", measures)


def write(run: Run, measures: pd.DataFrame) -> None:
    """Store measures.csv and comparisons.csv; UsageError if they cannot be written."""
    # scipy behind it weighs 60 MB: not while a cell is being measured.
    from bench.analysis.comparisons import compare_arms

    _csv(run.path / "measures.csv", measures)
    if measures.empty or run.manifest.plan.size == "smoke":
        comparisons = pd.DataFrame(columns=COMPARISON_COLUMNS)
    else:
        guarantees = {name: arm.guarantee for name, arm in run.manifest.arms.items()}
        comparisons = compare_arms(measures, run.manifest.plan.size, guarantees)
    _csv(run.path / "comparisons.csv", comparisons)


def _csv(path: Path, frame: pd.DataFrame) -> None:
    part = path.with_name(path.name + ".part")
    try:
        # Absolute: pandas takes a name that begins with `~` for a home.
        frame.to_csv(
            part.absolute(),
            index=False,
            float_format="%.9g",
            encoding="utf-8",
            errors="replace",
        )
        part.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror or error}): "
            "free some space or choose another --out"
        ) from None


def note_versions(run: Run) -> None:
    """Write into run.json which version of each scenario has just made its figures.

    A run of 0.1 counted none and stays as it is.
    """
    code = run.manifest.code
    if code is None:
        return
    known = load_scenarios()
    scenarios = {
        name: of.model_copy(update={"measure": known[name].measure_version})
        for name, of in code.scenarios.items()
    }
    updated = {"code": code.model_copy(update={"scenarios": scenarios})}
    store.write_manifest(run.path, run.manifest.model_copy(update=updated))


def exit_code(run: Run, measures: pd.DataFrame) -> int:
    """The exit code of the worst of wrong, invalid and ok.

    An invalid cell that was measured again well does not count.
    """
    if (measures["verdict"] == "wrong").any():
        return EXIT_WRONG
    again = {
        line.retry_of
        for line in run.manifest.cells
        if line.retry_of is not None and line.state == "done" and line.verdict != "invalid"
    }
    bad = any(
        line.verdict == "invalid" and not {line.number, line.retry_of} & again
        for line in run.manifest.cells
    )
    return EXIT_INVALID if bad else EXIT_OK


def open_measured(path: Path) -> Run:
    """A stored run with its measures; those of a run that was cut off are computed in memory."""
    run = store.open_run(path)
    if not (path / "measures.csv").exists():
        run.__dict__["measures"] = measure_run(run)
    return run
