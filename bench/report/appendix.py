"""What a doubting reader looks up: verdicts, repeated cells, machines, versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bench.analysis.dataset import Joined, letter, prefix
from bench.analysis.hosts_used import hosts_used
from bench.base.git import shown
from bench.model.environment import Checkout
from bench.model.manifest import ArmRecord, CellLine, MachineRecord, Manifest
from bench.model.metric import METRICS

GIB = 1 << 30
GRAVER_FIRST = ["wrong", "invalid", "unbounded", "beyond", "withheld", "unavailable", "not_offered"]


@dataclass(frozen=True)
class PartRow:
    """A run that parts of the page are from; `letter` is empty where there is but one."""

    letter: str
    run: str
    manifest: Manifest
    scenarios: str
    arms: str
    broker: str


@dataclass(frozen=True)
class VerdictRow:
    """Measures of one cell that are not ok, all for one reason."""

    cell: str
    what: str
    arm: str
    metrics: str
    reason: str


def part_rows(joined: Joined) -> list[PartRow]:
    """Which run each part of the page is from."""
    rows = []
    for place, run in enumerate(joined.runs):
        mine = joined.frame[joined.frame["place"] == place]
        rows.append(
            PartRow(
                letter=letter(place) if len(joined.runs) > 1 else "",
                run=run.id,
                manifest=run.manifest,
                scenarios=", ".join(dict.fromkeys(mine["scenario"])) or "none",
                arms=", ".join(arm for arm in joined.arms if arm in set(mine["arm"])),
                broker=", ".join(_servers(run.manifest)),
            )
        )
    return rows


def before_line(joined: Joined) -> str:
    """Which parts of the page were measured by 0.1, in one line; empty where none was."""
    old = [
        f"{letter(place)} ({run.id})" if len(joined.runs) > 1 else run.id
        for place, run in enumerate(joined.runs)
        if run.manifest.code is None
    ]
    which = "All was measured" if len(old) == len(joined.runs) else f"{', '.join(old)}: measured"
    return f"{which} by version 0.1, which counted no versions of its code." if old else ""


def machine_line(machine: MachineRecord) -> str:
    """A machine in one line."""
    memory = f"{machine.memory_bytes / GIB:.0f} GiB" if machine.memory_bytes else ""
    quota = machine.cpu_quota_cores
    cores = f"{machine.cores} cores" + ("" if quota is None else f" with a quota of {quota:g}")
    return ", ".join(part for part in (machine.cpu, cores, memory, machine.kernel) if part)


def machine_rows(joined: Joined) -> list[tuple[str, list[str]]]:
    """Property → its value for each run, as the run stored it."""
    machines = [run.manifest.machine.as_json() for run in joined.runs]
    rows = [
        (
            name.replace("_", " ").removesuffix(" bytes"),
            [_value(name, machine[name]) for machine in machines],
        )
        for name in MachineRecord.model_fields
    ]
    origins = [
        ", ".join(f"{name} (from {origin})" for name, origin in _servers(run.manifest).items())
        for run in joined.runs
    ]
    return [*rows, ("broker", origins)]


def host_rows(joined: Joined) -> list[list[str]]:
    """The hosts of the runs that had several, each with what was used on it."""
    return [
        [
            each.record.role,
            f"{each.record.cores} cores, {each.record.memory_bytes / GIB:.1f} GiB, "
            f"Linux {each.record.kernel}, Python {each.record.python}",
            "–" if each.busy is None else f"{each.busy:.0%}",
            "–" if each.instrument is None else f"{each.instrument:.1%}",
            "–" if each.memory_bytes is None else f"{each.memory_bytes / 2**20:.0f} MiB",
            "–" if each.clock_us is None else f"± {each.clock_us:.0f} µs",
            "–" if each.round_trip_us is None else f"{each.round_trip_us:.0f} µs",
        ]
        for run in joined.runs
        for each in hosts_used(run)
    ]


def _servers(manifest: Manifest) -> dict[str, str]:
    """Each server that served as a broker once, in whatever way it was set up → its origin."""
    return {f"{each.name} {each.version}": each.origin for each in manifest.brokers.values()}


def _value(name: str, value: JsonValue) -> str:
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, (int, float)) and name.endswith("_bytes"):
        return f"{value / GIB:.1f} GiB"
    if isinstance(value, (int, float)) and name.endswith("_share"):
        return f"{value:.2%}"
    return str(value)


def version_rows(joined: Joined) -> list[tuple[str, str]]:
    """Arm → versions as seen inside its workers."""
    by_arm: dict[str, str] = {}
    for run in joined.runs:
        for arm, versions in run.manifest.versions.items():
            seen = [f"{name} {version}" for name, version in versions.items()]
            by_arm.setdefault(arm, ", ".join(seen + _beyond_versions(run.manifest.arms.get(arm))))
    return [(arm, by_arm[arm]) for arm in joined.arms if arm in by_arm]


def _beyond_versions(arm: ArmRecord | None) -> list[str]:
    """What a version does not tell of an arm with an environment of its own."""
    if arm is None or arm.environment is None:
        return []
    moved = [f"moved: {each.name} {each.here} → {each.there}" for each in arm.environment.moved]
    built = [f"{each.name} from {checkout_line(each)}" for each in arm.environment.checkouts]
    return [*moved, *built]


def checkout_line(checkout: Checkout) -> str:
    """What was built from a path, in one line."""
    commit = f"commit {shown(checkout.commit, checkout.dirty)}" if checkout.commit else "no commit"
    return f"{checkout.path} (files {checkout.digest[:12]}, {commit})"


def verdict_groups(joined: Joined) -> list[tuple[str, Sequence[VerdictRow]]]:
    """Verdict → every measure of it, those of one cell and reason together; the graver first."""
    bad = joined.every[joined.every["verdict"] != "ok"]
    groups: dict[str, list[VerdictRow]] = {verdict: [] for verdict in GRAVER_FIRST}
    for (verdict, label, reason), some in bad.groupby(["verdict", "label", "reason"], sort=False):
        first = some.iloc[0]
        kinds = dict.fromkeys(zip(some["metric"], some["part"], strict=True))
        labels = [_label(name, part) for name, part in kinds]
        what = labels if len(labels) <= 4 else [*labels[:3], f"{len(labels) - 3} more"]
        groups.setdefault(str(verdict), []).append(
            VerdictRow(
                cell=str(label),
                what=f"{first['scenario']} {first['case']}".replace(" -", ""),
                arm=str(first["arm"]),
                metrics=", ".join(what),
                reason=str(reason),
            )
        )
    return [
        (verdict, sorted(rows, key=lambda row: row.cell))
        for verdict, rows in groups.items()
        if rows
    ]


def _label(metric: str, part: str) -> str:
    """A metric in words, with the type of task that it is of."""
    label = METRICS[metric].label if metric in METRICS else metric
    return f"{label} of {part}" if part else label


def again_rows(joined: Joined) -> list[tuple[str, CellLine, CellLine]]:
    """Cells that were invalid for a reason outside the arm and were measured once more.

    What stands before the numbers of the run's cells, the first try and the next.
    """
    return [
        (prefix(place, len(joined.runs)), first, line)
        for place, run in enumerate(joined.runs)
        for line in run.manifest.cells
        if line.retry_of is not None and (first := joined.line(place, line.retry_of)) is not None
    ]
