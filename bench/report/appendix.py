"""What a doubting reader looks up: verdicts, repeated cells, machines, versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic import JsonValue

from bench.analysis.dataset import Joined, letter, prefix
from bench.base.git import shown
from bench.model.environment import Checkout
from bench.model.manifest import ArmRecord, MachineRecord, Manifest, ServerRecord
from bench.model.metric import METRICS

GIB = 1 << 30


@dataclass(frozen=True)
class PartRow:
    """A run that parts of the page are from; `letter` is empty where there is but one."""

    letter: str
    run: str
    label: str
    created: str
    commit: str
    size: str
    workers: int
    blocks: int
    scenarios: str
    arms: str
    machine: str
    broker: str
    seed: int


@dataclass(frozen=True)
class VerdictRow:
    """Measures of one cell that are not ok, all for one reason."""

    verdict: str
    cell: str
    what: str
    arm: str
    metrics: str
    reason: str


@dataclass(frozen=True)
class AgainRow:
    """A cell that was measured once more: the labels of both tries, why, and what came of it."""

    first: str
    then: str
    what: str
    why: str
    came: str


def part_rows(joined: Joined) -> list[PartRow]:
    """Which run each part of the page is from."""
    rows = []
    for place, run in enumerate(joined.runs):
        mine = joined.frame[joined.frame["place"] == place]
        manifest = run.manifest
        rows.append(
            PartRow(
                letter=letter(place) if len(joined.runs) > 1 else "",
                run=run.id,
                label=manifest.label,
                created=manifest.created[:10],
                commit=shown(manifest.commit, manifest.dirty),
                size=manifest.plan.size,
                workers=manifest.plan.workers,
                blocks=manifest.plan.blocks,
                scenarios=", ".join(dict.fromkeys(mine["scenario"])) or "none",
                arms=", ".join(arm for arm in joined.arms if arm in set(mine["arm"])),
                machine=machine_line(manifest.machine),
                broker=", ".join(_server(server) for server in _servers(manifest)),
                seed=manifest.seed,
            )
        )
    return rows


def before_line(joined: Joined) -> str:
    """Which parts of the page were measured by 0.1, in one line; empty where none was."""
    found = [
        f"{letter(place)} ({run.id})" if len(joined.runs) > 1 else run.id
        for place, run in enumerate(joined.runs)
        if run.manifest.code is None
    ]
    which = (
        "All was measured" if len(found) == len(joined.runs) else f"{', '.join(found)}: measured"
    )
    return f"{which} by version 0.1, which counted no versions of its code." if found else ""


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
    return [*rows, ("broker", [_origins(run.manifest) for run in joined.runs])]


def _origins(manifest: Manifest) -> str:
    return ", ".join(f"{_server(each)} (from {each.origin})" for each in _servers(manifest))


def _servers(manifest: Manifest) -> list[ServerRecord]:
    """Each server that served as a broker once, in whatever way it was set up."""
    return list({_server(server): server for server in manifest.brokers.values()}.values())


def _server(server: ServerRecord) -> str:
    return f"{server.name} {server.version}"


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
    found: dict[str, str] = {}
    for run in joined.runs:
        for arm, versions in run.manifest.versions.items():
            told = [f"{name} {version}" for name, version in versions.items()]
            found.setdefault(arm, ", ".join(told + _beyond_versions(run.manifest.arms.get(arm))))
    return [(arm, found[arm]) for arm in joined.arms if arm in found]


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
    """Verdict → its entries, the graver first."""
    return [
        (verdict, list(rows))
        for verdict, rows in groupby(verdict_rows(joined), key=lambda row: row.verdict)
    ]


def verdict_rows(joined: Joined) -> list[VerdictRow]:
    """Every measure that is not ok, those of one cell and reason together; the graver first."""
    bad = joined.every[joined.every["verdict"] != "ok"]
    rank = {
        name: place
        for place, name in enumerate(
            ("wrong", "invalid", "unbounded", "beyond", "withheld", "unavailable", "not_offered")
        )
    }
    rows = []
    for (verdict, label, reason), some in bad.groupby(["verdict", "label", "reason"], sort=False):
        first = some.iloc[0]
        labels = [
            METRICS[name].label if name in METRICS else name
            for name in dict.fromkeys(some["metric"])
        ]
        what = labels if len(labels) <= 4 else [*labels[:3], f"{len(labels) - 3} more"]
        rows.append(
            VerdictRow(
                verdict=str(verdict),
                cell=str(label),
                what=f"{first['scenario']} {first['case']}".replace(" -", ""),
                arm=str(first["arm"]),
                metrics=", ".join(what),
                reason=str(reason),
            )
        )
    return sorted(rows, key=lambda row: (rank.get(row.verdict, len(rank)), row.cell))


def again_rows(joined: Joined) -> list[AgainRow]:
    """Cells that were invalid for a reason outside the arm and were measured once more."""
    rows = []
    for place, run in enumerate(joined.runs):
        lines = {line.number: line for line in run.manifest.cells}
        before = prefix(place, len(joined.runs))
        for line in run.manifest.cells:
            first = lines.get(line.first)
            if line.retry_of is None or first is None:
                continue
            rows.append(
                AgainRow(
                    first=f"{before}{first.number:03d}",
                    then=f"{before}{line.number:03d}",
                    what=f"{line.scenario} {line.case} {line.arm}".replace(" - ", " "),
                    why=first.reason,
                    came=line.verdict or line.state,
                )
            )
    return rows
