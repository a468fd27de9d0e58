"""OpenMetrics text, for what asks for it by name, and the same in Prometheus' older form."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.comparison_result import Changes
from bench.formats import points
from bench.formats.texts import finite, one_line
from bench.model.metric import METRICS
from bench.record.store import Run

# Broker and profile of an arm where only its name is known: SYSTEM/PROFILE[@BROKER] and what else
# follows.
_ARM = re.compile(r"(?P<system>[^/]*)/(?P<profile>[^@{\[]*)(?:@(?P<broker>[^{\[]*))?")
Sample = tuple[Mapping[str, str], float]  # labels, value


@dataclass(frozen=True)
class MetricFamily:
    """Samples of one name; `info` = facts in labels, each of the value 1."""

    name: str
    about: str
    samples: Sequence[Sample]
    info: bool = False


def document(families: Iterable[MetricFamily]) -> str:
    """The document in OpenMetrics: the families and an end mark."""
    return "".join(map(_family, families)) + "# EOF\n"


def _family(family: MetricFamily) -> str:
    kind, end = ("info", "_info") if family.info else ("gauge", "")
    lines = [f"# TYPE {family.name} {kind}", f"# HELP {family.name} {escaped(family.about)}"]
    return "\n".join([*lines, *sample_lines(family, end)]) + "\n"


def older_document(families: Iterable[MetricFamily]) -> str:
    """The same in Prometheus' text format 0.0.4, for node_exporter and the Pushgateway.

    It knows no type `info` and ends without a mark: a reader of it refuses OpenMetrics for the one.
    """
    return "".join(map(_older_family, families))


def _older_family(family: MetricFamily) -> str:
    end = "_info" if family.info else ""
    # A quote stays as it is in a HELP line: `\"` would be an error there.
    about = one_line(family.about).replace("\\", "\\\\")
    lines = [f"# HELP {family.name}{end} {about}", f"# TYPE {family.name}{end} gauge"]
    return "\n".join([*lines, *sample_lines(family, end)]) + "\n"


def sample_lines(family: MetricFamily, end: str) -> Iterable[str]:
    """The lines of a family, its name followed by `end`."""
    for labels, value in family.samples:
        inside = ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())
        yield f"{family.name}{end}{{{inside}}} {value!r}"


def escaped(text: str) -> str:
    """An outside text between quotes, or as OpenMetrics wants it in a HELP line."""
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def families_of_run(run: Run) -> list[MetricFamily]:
    """A gauge per metric, and one with the number of blocks per verdict.

    Without that, a number that is missing would be taken for a good one.
    """
    arms = {
        name: {"system": arm.system, "profile": arm.profile, "broker": arm.broker}
        for name, arm in run.manifest.arms.items()
    }
    about = {
        "run": run.id,
        "bench": run.manifest.bench_version,
        "commit": run.manifest.commit,
        "created": run.manifest.created,
    }
    samples: dict[str, list[Sample]] = {}
    for point in points.of_run(run):
        samples.setdefault(point.metric, []).extend(_samples(point, arms[point.arm]))
    return [
        _named("run", "Which run these are of", [(about, 1.0)], info=True),
        *(
            _named(metric, f"{METRICS[metric].label}, {METRICS[metric].unit or 'number'}", mine)
            for metric, mine in samples.items()
        ),
        _named("blocks", "Blocks by what the measure is worth", list(_verdicts(run, arms))),
    ]


def families_of_changes(changes: Changes) -> list[MetricFamily]:
    """Ratios (differences of counts) of head to base with their intervals, and the exit code."""
    samples: dict[str, list[Sample]] = {"ratio": [], "difference": []}
    for line in changes.lines:
        match = _ARM.match(line.head)
        labels = {
            **(match.groupdict(default="redis") if match else dict.fromkeys(_ARM.groupindex, "")),
            "scenario": line.scenario,
            "case": line.case,
            "arm": line.head,
            "base": line.base,
            "metric": line.metric,
            **_of_type(line.part),
        }
        bounds = {"value": line.ratio, "low": line.low, "high": line.high}
        samples["difference" if METRICS[line.metric].kind == "count" else "ratio"] += [
            ({**labels, "bound": bound}, number)
            for bound, value in bounds.items()
            if (number := finite(value)) is not None
        ]
    code = {"base": changes.base, "arm": changes.head}, float(changes.exit_code)
    return [
        *(_named(name, f"Head and base: {name}", mine) for name, mine in samples.items() if mine),
        _named("exit_code", "Of the comparison: 0 is no regression", [code]),
    ]


def _of_type(part: str) -> dict[str, str]:
    """The label of a type of task; none where a number is over all tasks."""
    return {"part": part} if part else {}


def _named(name: str, about: str, samples: Sequence[Sample], info: bool = False) -> MetricFamily:
    return MetricFamily(f"queue_bench_{name}", about, samples, info)


def _samples(point: points.Point, arm: Mapping[str, str]) -> list[Sample]:
    labels = {**arm, "scenario": point.scenario, "case": point.case, "arm": point.arm}
    labels |= _of_type(point.part)
    bounds = zip(("value", "low", "high"), (point.value, *points.within(point)), strict=False)
    return [({**labels, "bound": bound}, value) for bound, value in bounds]


def _verdicts(run: Run, arms: Mapping[str, Mapping[str, str]]) -> Iterable[Sample]:
    for (scenario, case, metric, arm, part), rows in points.groups(run):
        labels = {"scenario": scenario, "case": case, "arm": arm, "metric": metric}
        labels |= _of_type(part)
        for verdict, count in rows["verdict"].value_counts().sort_index().items():
            yield {**arms[arm], **labels, "verdict": str(verdict)}, float(count)
