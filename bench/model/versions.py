"""Which code made a number: whole numbers, raised by hand in the commit that can change a figure.

See docs/decisions/0028.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from adapters.base import Adapter
from bench.base.git import git
from bench.base.paths import ROOT
from bench.model.manifest import CodeRecord, Manifest, ScenarioVersions

# What every cell rests on: processes, brokers, generator, event log, sampler, ledger, validity.
RECORDING = 2
BEFORE = "0.1"  # of a run that was measured before versions were counted


class Versioned(Protocol):
    """What of a scenario counts here."""

    name: str
    drive_version: int
    measure_version: int


def versions(scenarios: Iterable[Versioned], adapters: Iterable[Adapter]) -> CodeRecord:
    """The versions of what is measured with, as run.json keeps them under `code`."""
    return CodeRecord(
        recording=RECORDING,
        scenarios={
            each.name: ScenarioVersions(drive=each.drive_version, measure=each.measure_version)
            for each in scenarios
        },
        adapters={each.name: each.version for each in adapters},
    )


def counted(manifest: Manifest) -> dict[str, str]:
    """What measured a run, in words → its version; each `0.1` where none was counted yet."""
    code = manifest.code
    if code is None:
        systems = dict.fromkeys(arm.system for arm in manifest.arms.values())
        parts = [(name, part) for name in manifest.plan.scenarios for part in ("drive", "measure")]
        return {
            "recording": BEFORE,
            **{f"{part} of {name}": BEFORE for name, part in parts},
            **{f"adapter of {name}": BEFORE for name in systems},
        }
    counts = {"recording": str(code.recording)}
    for name, of in code.scenarios.items():
        counts |= {f"drive of {name}": str(of.drive), f"measure of {name}": str(of.measure)}
    return counts | {f"adapter of {name}": str(number) for name, number in code.adapters.items()}


def measured_before(manifest: Manifest) -> bool:
    """Whether a run was measured by 0.1, which counted no versions."""
    return manifest.code is None


def unlike(one: Manifest, other: Manifest) -> Iterator[str]:
    """The versions of what both runs rest on that are not equal, each in a few words."""
    first, second = counted(one), counted(other)
    for name, version in first.items():
        if second.get(name, version) != version:
            yield f"{name} {first[name]} and {second[name]}"


def unlike_any(manifests: Sequence[Manifest]) -> list[str]:
    """The versions that are not equal in all of several runs, each named once."""
    return list(
        dict.fromkeys(
            text
            for at, one in enumerate(manifests)
            for other in manifests[at + 1 :]
            for text in unlike(one, other)
        )
    )


def commit() -> tuple[str, bool]:
    """(commit, whether the tree differs from it); ('', False) outside a checkout of our own.

    Where git refuses to say, the commit is `unknown (git refuses: …)`.
    """
    top = git(ROOT, "rev-parse", "--show-toplevel")
    if top.refused:
        return f"unknown (git refuses: {top.refused})", False
    # Installed below a checkout of something else, its commit says nothing of us.
    if not top.text or Path(top.text.strip()).resolve() != ROOT:
        return "", False
    changed = git(ROOT, "status", "--porcelain", "--", "bench", "adapters", "scenarios")
    return git(ROOT, "rev-parse", "HEAD").text.strip(), bool(changed.text)
