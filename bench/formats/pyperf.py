"""pyperf's JSON of one arm of a stored run.

`pyperf compare_to base.json head.json` reads two of them.
"""

import json

from bench.base.errors import UsageError
from bench.base.version import VERSION
from bench.formats import points
from bench.formats.texts import as_json, one_line
from bench.model.metric import METRICS, Metric
from bench.model.stored import Json
from bench.record.store import Run

SECONDS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


def document(run: Run, arm: str | None = None) -> str:
    """Durations, memory, and rates as seconds per task; one pyperf run with one value per block.

    Counts and times to an event do not fit. UsageError where nothing is left, or where the arm is
    unknown or not named although there are several.
    """
    chosen = _chosen(list(run.manifest.arms), arm)
    measured = [
        (
            "/".join(filter(None, (scenario, case, part, name))),
            METRICS[name],
            points.per_block(rows, METRICS[name]),
        )
        for (scenario, case, name, of, part), rows in points.groups(run)
        if of == chosen
    ]
    benchmarks = [
        _benchmark(name, metric, values)
        for name, metric, blocks in measured
        if (values := _values(blocks, metric))
    ]
    if not benchmarks:
        why = "counts and times to an event do not fit into it"
        raise UsageError(
            f"{run.id} has no duration, rate or memory of {one_line(chosen)} that pyperf could "
            f"hold ({why}): choose another --arm or format"
        )
    return as_json({"version": "1.0", "metadata": _metadata(run, chosen), "benchmarks": benchmarks})


def _chosen(arms: list[str], arm: str | None) -> str:
    if arm is None and len(arms) != 1:
        raise UsageError(
            f"a pyperf file holds one arm: choose one with --arm, of {', '.join(arms)}"
        )
    if arm is not None and arm not in arms:
        raise UsageError(f"the run has no arm {arm!r}: choose one of {', '.join(arms)}")
    return arm or arms[0]


def _values(values: list[float], metric: Metric) -> list[float]:
    """In pyperf's units, all larger than 0 as it demands; none for what it has no unit for."""
    # From here on smaller is better, for compare_to calls the larger one slower.
    if metric.kind != "ratio" or not values or min(values) <= 0:
        return []
    if metric.unit == "tasks/s":
        return [1 / value for value in values]
    if metric.unit == "bytes":
        return [float(round(value)) for value in values]
    return [value * SECONDS[metric.unit] for value in values if metric.unit in SECONDS]


def _benchmark(name: str, metric: Metric, values: list[float]) -> Json:
    unit = "byte" if metric.unit == "bytes" else "second"
    about = metric.label + (", as seconds per task" if metric.unit == "tasks/s" else "")
    return {
        "metadata": {"name": one_line(name), "unit": unit, "loops": 1, "description": about},
        "runs": [{"values": [value]} for value in values],
    }


def _metadata(run: Run, arm: str) -> Json:
    machine, versions = run.manifest.machine, run.manifest.versions.get(arm, {})
    known: dict[str, str | int | None] = {
        "cpu_model_name": machine.cpu,
        "cpu_count": machine.cores,
        "platform": machine.kernel,
        "python_version": versions.get("python"),
        "queue_bench_version": VERSION,
        "queue_bench_run": run.id,
        "queue_bench_arm": arm,
        "queue_bench_versions": json.dumps(dict(versions), sort_keys=True),
    }
    return {
        name: value if isinstance(value, int) else one_line(value)
        for name, value in known.items()
        if value
    }
