"""What a doubting reader looks up: verdicts, repeated cells, machines, versions."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from bench.analysis.dataset import Joined, letter
from bench.base.git import shown
from bench.model.metric import METRICS
from bench.model.versions import measured_before

GIB = 1 << 30


def part_rows(joined: Joined) -> list[dict[str, Any]]:
    """Which run each part of the page is from."""
    rows = []
    for place, run in enumerate(joined.runs):
        mine = joined.frame[joined.frame["place"] == place]
        info, plan = run.info, run.info["plan"]
        rows.append(
            {
                "letter": letter(place) if len(joined.runs) > 1 else "",
                "run": run.id,
                "label": info.get("label", ""),
                "created": str(info.get("created", ""))[:10],
                "commit": shown(str(info.get("commit", "")), bool(info.get("dirty"))),
                "size": plan.get("size", ""),
                "workers": plan.get("workers", ""),
                "blocks": plan.get("blocks", ""),
                "scenarios": ", ".join(dict.fromkeys(mine["scenario"])) or "none",
                "arms": ", ".join(arm for arm in joined.arms if arm in set(mine["arm"])),
                "machine": machine_line(info["machine"]),
                "broker": ", ".join(_server(server) for server in _servers(info)),
                "seed": info["seed"],
            }
        )
    return rows


def before_line(joined: Joined) -> str:
    """Which parts of the page were measured by 0.1, in one line; empty where none was."""
    found = [
        f"{letter(place)} ({run.id})" if len(joined.runs) > 1 else run.id
        for place, run in enumerate(joined.runs)
        if measured_before(run.info)
    ]
    which = (
        "All was measured" if len(found) == len(joined.runs) else f"{', '.join(found)}: measured"
    )
    return f"{which} by version 0.1, which counted no versions of its code." if found else ""


def machine_line(machine: Mapping[str, Any]) -> str:
    """A machine in one line."""
    memory = f"{machine['memory_bytes'] / GIB:.0f} GiB" if machine.get("memory_bytes") else ""
    quota = machine.get("cpu_quota_cores")
    cores = f"{machine.get('cores', '?')} cores"
    cores += "" if quota is None else f" with a quota of {quota:g}"
    return ", ".join(
        part
        for part in (str(machine.get("cpu", "")), cores, memory, str(machine.get("kernel", "")))
        if part
    )


def machine_rows(joined: Joined) -> list[tuple[str, list[str]]]:
    """Property → its value for each run, as the run stored it."""
    names = list(dict.fromkeys(name for run in joined.runs for name in run.info["machine"]))
    rows = [
        (
            name.replace("_", " ").removesuffix(" bytes"),
            [_value(name, run.info["machine"].get(name)) for run in joined.runs],
        )
        for name in names
    ]
    return [
        *rows,
        (
            "broker",
            [
                ", ".join(
                    f"{_server(server)} (from {server['origin']})" for server in _servers(run.info)
                )
                for run in joined.runs
            ],
        ),
    ]


def _servers(info: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Each server that served as a broker once, in whatever way it was set up."""
    return list({_server(server): server for server in info["brokers"].values()}.values())


def _server(server: Mapping[str, str]) -> str:
    return f"{server['name']} {server['version']}"


def _value(name: str, value: Any) -> str:
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name.endswith("_bytes"):
        return f"{value / GIB:.1f} GiB"
    return f"{value:.2%}" if name.endswith("_share") else str(value)


def version_rows(joined: Joined) -> list[tuple[str, str]]:
    """Arm → versions as seen inside its workers."""
    found: dict[str, str] = {}
    for run in joined.runs:
        for arm, versions in run.info.get("versions", {}).items():
            told = [f"{name} {version}" for name, version in versions.items()]
            found.setdefault(arm, ", ".join(told + _beyond_versions(run.info["arms"].get(arm, {}))))
    return [(arm, found[arm]) for arm in joined.arms if arm in found]


def _beyond_versions(arm: Mapping[str, Any]) -> list[str]:
    """What a version does not tell of an arm with an environment of its own."""
    environment = arm.get("environment", {})
    moved = [
        f"moved: {each['name']} {each['here']} → {each['there']}"
        for each in environment.get("moved", [])
    ]
    return [
        *moved,
        *(
            f"{each['name']} from {checkout_line(each)}"
            for each in environment.get("checkouts", [])
        ),
    ]


def checkout_line(checkout: Mapping[str, Any]) -> str:
    """What was built from a path, in one line."""
    commit = (
        f"commit {shown(str(checkout['commit']), bool(checkout['dirty']))}"
        if checkout["commit"]
        else "no commit"
    )
    return f"{checkout['path']} (files {str(checkout['digest'])[:12]}, {commit})"


def verdict_groups(joined: Joined) -> list[tuple[str, list[dict[str, str]]]]:
    """Verdict → its entries, the graver first."""
    return [
        (verdict, list(rows))
        for verdict, rows in groupby(verdict_rows(joined), key=lambda row: row["verdict"])
    ]


def verdict_rows(joined: Joined) -> list[dict[str, str]]:
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
            {
                "verdict": str(verdict),
                "cell": str(label),
                "what": f"{first['scenario']} {first['case']}".replace(" -", ""),
                "arm": str(first["arm"]),
                "metrics": ", ".join(what),
                "reason": str(reason),
            }
        )
    return sorted(rows, key=lambda row: (rank.get(row["verdict"], len(rank)), row["cell"]))


def again_rows(joined: Joined) -> list[dict[str, str]]:
    """Cells that were invalid for a reason outside the arm and were measured once more."""
    rows = []
    for place, run in enumerate(joined.runs):
        lines = {line["number"]: line for line in run.info["cells"]}
        prefix = f"{letter(place)}·" if len(joined.runs) > 1 else ""
        for line in run.info["cells"]:
            before = lines.get(line.get("retry_of"))
            if before is not None:
                text = f"{line['scenario']} {line['case']} {line['arm']}".replace(" - ", " ")
                rows.append(
                    {
                        "first": f"{prefix}{before['number']:03d}",
                        "then": f"{prefix}{line['number']:03d}",
                        "what": text,
                        "why": before.get("reason", ""),
                        "came": line.get("verdict", "") or line["state"],
                    }
                )
    return rows
