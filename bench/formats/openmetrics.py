"""OpenMetrics text, for what asks for it by name; `prometheus` says the same in the older form."""

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


def of_run(run: Run) -> str:
    """The document of a stored run: `families_of_run` and an end mark."""
    return _document(families_of_run(run))


def of_changes(changes: Changes) -> str:
    """The document of a comparison: `families_of_changes` and an end mark."""
    return _document(families_of_changes(changes))


def _document(families: Iterable[MetricFamily]) -> str:
    return "".join(_family(each) for each in families) + "# EOF\n"


def _family(family: MetricFamily) -> str:
    kind, end = ("info", "_info") if family.info else ("gauge", "")
    lines = [f"# TYPE {family.name} {kind}", f"# HELP {family.name} {escaped(family.about)}"]
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
    families = [_run_info(run)]
    numbers = points.of_run(run)
    for metric in dict.fromkeys(point.metric for point in numbers):
        samples = [
            sample
            for point in numbers
            if point.metric == metric
            for sample in _samples(point, arms[point.arm])
        ]
        families.append(
            _named(metric, f"{METRICS[metric].label}, {METRICS[metric].unit or 'number'}", samples)
        )
    return [
        *families,
        _named("blocks", "Blocks by what the measure is worth", list(_verdicts(run, arms))),
    ]


def families_of_changes(changes: Changes) -> list[MetricFamily]:
    """Ratios (differences of counts) of head to base with their intervals, and the exit code."""
    samples: dict[str, list[Sample]] = {"ratio": [], "difference": []}
    for line in changes.lines:
        name = "difference" if METRICS[line.metric].kind == "count" else "ratio"
        labels = {
            **_of_arm(line.head),
            "scenario": line.scenario,
            "case": line.case,
            "arm": line.head,
            "base": line.base,
            "metric": line.metric,
        }
        bounds = {"value": line.ratio, "low": line.low, "high": line.high}
        samples[name] += [
            ({**labels, "bound": bound}, number)
            for bound, value in bounds.items()
            if (number := finite(value)) is not None
        ]
    families = [
        _named(name, f"Head and base: {name}", mine) for name, mine in samples.items() if mine
    ]
    code: list[Sample] = [({"base": changes.base, "arm": changes.head}, float(changes.exit_code))]
    return [*families, _named("exit_code", "Of the comparison: 0 is no regression", code)]


def _named(name: str, about: str, samples: Sequence[Sample], info: bool = False) -> MetricFamily:
    return MetricFamily(f"queue_bench_{name}", about, samples, info)


def _of_arm(arm: str) -> dict[str, str]:
    match = _ARM.match(arm)
    parts = match.groupdict(default="redis") if match else {}
    return {key: parts.get(key, "") for key in ("system", "profile", "broker")}


def _samples(point: points.Point, arm: Mapping[str, str]) -> Iterable[Sample]:
    labels = {**arm, "scenario": point.scenario, "case": point.case, "arm": point.arm}
    yield {**labels, "bound": "value"}, point.value
    span = points.within(point)
    if span is not None:
        yield {**labels, "bound": "low"}, span[0]
        yield {**labels, "bound": "high"}, span[1]


def _verdicts(run: Run, arms: Mapping[str, Mapping[str, str]]) -> Iterable[Sample]:
    for (scenario, case, metric, arm), rows in points.groups(run.standing):
        for verdict, count in rows["verdict"].value_counts().sort_index().items():
            yield (
                {
                    **arms[arm],
                    "scenario": scenario,
                    "case": case,
                    "arm": arm,
                    "metric": metric,
                    "verdict": str(verdict),
                },
                float(count),
            )


def _run_info(run: Run) -> MetricFamily:
    labels = {
        "run": run.id,
        "bench": run.manifest.bench_version,
        "commit": run.manifest.commit,
        "created": run.manifest.created,
    }
    return _named("run", "Which run these are of", [(labels, 1.0)], info=True)
