"""Which code made a number: whole numbers, raised by hand in the commit that can change a figure.

See docs/decisions/0028.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from bench.base.git import git
from bench.base.paths import ROOT
from bench.model.manifest import Manifest

# What every cell rests on: processes, brokers, generator, event log, sampler, ledger, validity.
RECORDING = 2
BEFORE = "0.1"  # of a run that was measured before versions were counted


def counted(manifest: Manifest) -> dict[str, str]:
    """What measured a run, in words → its version; each `0.1` where none was counted yet."""
    code = manifest.code
    if code is None:
        return {
            "recording": BEFORE,
            **{
                f"{part} of {name}": BEFORE
                for name in manifest.plan.scenarios
                for part in ("drive", "measure")
            },
            **{f"adapter of {arm.system}": BEFORE for arm in manifest.arms.values()},
        }
    return {
        "recording": str(code.recording),
        **{
            f"{part} of {name}": str(number)
            for name, of in code.scenarios.items()
            for part, number in of
        },
        **{f"adapter of {name}": str(number) for name, number in code.adapters.items()},
    }


def unlike(one: Manifest, other: Manifest) -> list[str]:
    """The versions of what both runs rest on that are not equal, each in a few words."""
    theirs = counted(other)
    return [
        f"{name} {version} and {theirs[name]}"
        for name, version in counted(one).items()
        if theirs.get(name, version) != version
    ]


def unlike_any(manifests: Sequence[Manifest]) -> list[str]:
    """The versions that are not equal in all of several runs, each named once."""
    return list(
        dict.fromkeys(
            text for one, other in combinations(manifests, 2) for text in unlike(one, other)
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
    changes = git(ROOT, "status", "--porcelain", "--", "bench", "adapters", "scenarios").text
    return git(ROOT, "rev-parse", "HEAD").text.strip(), bool(changes)
