"""OpenMetrics text, for node_exporter's textfile collector or a push gateway."""

import re
from collections.abc import Iterable, Mapping

from bench.changes import Changes
from bench.formats import points
from bench.formats.plain import finite, one_line
from bench.metrics import METRICS
from bench.store import Run

# Broker and profile of an arm where only its name is known: SYSTEM/PROFILE[@BROKER] and what else follows.
_ARM = re.compile(r"(?P<system>[^/]*)/(?P<profile>[^@{\[]*)(?:@(?P<broker>[^{\[]*))?")
Sample = tuple[str, Mapping[str, object], float]  # the name's end, labels, value


def of_run(run: Run) -> str:
    """A gauge per metric, one more with how many blocks have which verdict, so that what is not there is not taken for good."""
    arms = {name: {key: arm[key] for key in ("system", "profile", "broker")} for name, arm in run.info["arms"].items()}
    text = [_run_info(run)]
    found = points.of_run(run)
    for metric in dict.fromkeys(point.metric for point in found):
        samples = [sample for point in found if point.metric == metric for sample in _samples(point, arms[point.arm])]
        text.append(_family(metric, f"{METRICS[metric].label}, {METRICS[metric].unit or 'number'}", samples))
    text.append(_family("blocks", "Blocks by what the measure is worth", list(_verdicts(run, arms))))
    return "".join(text) + "# EOF\n"


def of_changes(changes: Changes) -> str:
    """Ratios (differences of counts) of head to base with their intervals, and the exit code."""
    samples: dict[str, list[Sample]] = {"ratio": [], "difference": []}
    for line in changes.lines:
        name = "difference" if METRICS[line.metric].kind == "count" else "ratio"
        labels = {**_of_arm(line.head), "scenario": line.scenario, "case": line.case, "arm": line.head, "base": line.base, "metric": line.metric}
        bounds = {"value": line.ratio, "low": line.low, "high": line.high}
        samples[name] += [("", {**labels, "bound": bound}, known) for bound, value in bounds.items() if (known := finite(value)) is not None]
    text = [_family(name, f"Head and base: {name}", found) for name, found in samples.items() if found]
    code: list[Sample] = [("", {"base": changes.base, "arm": changes.head}, float(changes.exit_code))]
    return "".join([*text, _family("exit_code", "Of the comparison: 0 is no regression", code)]) + "# EOF\n"


def _of_arm(arm: str) -> dict[str, str]:
    found = _ARM.match(arm)
    parts = found.groupdict(default="redis") if found else {}
    return {key: parts.get(key, "") for key in ("system", "profile", "broker")}


def _samples(point: points.Point, arm: Mapping[str, object]) -> Iterable[Sample]:
    labels = {**arm, "scenario": point.scenario, "case": point.case, "arm": point.arm}
    yield "", {**labels, "bound": "value"}, point.value
    span = points.within(point)
    if span is not None:
        yield "", {**labels, "bound": "low"}, span[0]
        yield "", {**labels, "bound": "high"}, span[1]


def _verdicts(run: Run, arms: Mapping[str, Mapping[str, object]]) -> Iterable[Sample]:
    for (scenario, case, metric, arm), rows in points.groups(run.measures):
        for verdict, count in rows["verdict"].value_counts().sort_index().items():
            yield "", {**arms[arm], "scenario": scenario, "case": case, "arm": arm, "metric": metric, "verdict": verdict}, float(count)


def _run_info(run: Run) -> str:
    labels = {"run": run.id, "bench": run.info.get("bench_version", ""), "commit": run.info.get("commit") or "", "created": run.info.get("created", "")}
    return _family("run", "Which run these are of", [("_info", labels, 1.0)], kind="info")


def _family(name: str, about: str, samples: Iterable[Sample], kind: str = "gauge") -> str:
    whole = f"queue_bench_{name}"
    lines = [f"# TYPE {whole} {kind}", f"# HELP {whole} {_escaped(about)}"]
    for end, labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{whole}{end}{{{inside}}} {value!r}")
    return "\n".join(lines) + "\n"


def _escaped(text: object) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
