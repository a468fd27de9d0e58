"""The beginning of a run: its folder, its run.json, and what must not change until a resume."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.base import environ
from bench.base.errors import UsageError
from bench.base.git import shown
from bench.base.typed import typed
from bench.base.version import VERSION
from bench.brokers.choice import Servers
from bench.hosts import machine
from bench.model.cell import Cell
from bench.model.machine_facts import differs
from bench.model.manifest import CodeRecord, Manifest, ScenarioVersions, VariablesRecord
from bench.model.scenario import load_scenarios
from bench.model.systems import read_by
from bench.model.versions import RECORDING, commit, unlike
from bench.record import store
from bench.run.plan import Plan
from bench.workload import kept_files


def new_folder(out: Path | None, seed: int) -> Path:
    """Where a run goes: --out itself, or a new folder under results/."""
    return out or Path("results") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{seed % 0x10000:04x}"


def fresh_seed() -> int:
    """A seed for the order, the arrivals and the fault moments."""
    return int.from_bytes(os.urandom(4), "big") >> 1


def refuse_folder(folder: Path) -> None:
    """UsageError for what cannot be the folder of a new run; nothing is made."""
    try:
        folder.resolve()
        if not folder.exists():
            return
        if (folder / "run.json").exists() or (folder / "cells").exists():
            raise UsageError(
                f"{folder} holds a run already: "
                f"choose another --out, or go on with it by --resume {typed(folder)}"
            )
        if not folder.is_dir() or any(folder.iterdir()):
            what = "is not empty" if folder.is_dir() else "is no folder"
            raise UsageError(
                f"{folder} {what}: choose another --out, a run has a folder of its own"
            )
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        why = getattr(error, "strerror", None) or "a loop of links"
        raise UsageError(f"{folder} cannot be written ({why}): choose another --out") from None


def make_folder(folder: Path) -> None:
    """Make the folder of a new run; UsageError if that is not possible."""
    refuse_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cells").mkdir(exist_ok=False)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written ({error.strerror}): choose another --out"
        ) from None


def keep_workload(plan: Plan, folder: Path) -> None:
    """Copy the file that a run's load is in; UsageError if that is not possible."""
    if plan.workload is None:
        return
    try:
        kept_files.keep(plan.workload, folder)
    except OSError as error:
        raise UsageError(
            f"{plan.workload.path} cannot be copied into {folder} ({error.strerror}): "
            "free some space, or choose another --out"
        ) from None


def new_manifest(plan: Plan, run: str, todo: Sequence[Cell], servers: Servers) -> Manifest:
    """run.json of a run of which nothing has been measured yet."""
    head, dirty = commit()
    here = machine.describe()
    return Manifest(
        format=store.FORMAT,
        run=run,
        label=plan.label,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        bench_version=VERSION,
        commit=head,
        dirty=dirty,
        code=code_of(plan),
        plan=plan.record(),
        seed=plan.seed,
        arms={arm.name: arm.describe(plan.workers) for arm in plan.arms},
        cells=tuple(cell.line() for cell in todo),
        machine=here,
        boot_id=here.boot_id,
        given=tuple(sorted(servers)),
        variables=VariablesRecord(passed=plan.passed, left_out=tuple(left_out(plan))),
    )


def left_out(plan: Plan) -> list[str]:
    """Take the user's variables that measured processes would read out of our environment.

    Their names; those that the plan hands on stay.
    """
    # What the functions of a workload are given must still be there when workers start.
    theirs = plan.workload.workload.code.passed if plan.workload else ()
    return environ.take_out(read_by(arm.adapter for arm in plan.arms), (*plan.passed, *theirs))


def code_of(plan: Plan) -> CodeRecord:
    """The versions of the instrument's parts that make this plan's numbers."""
    scenarios = load_scenarios()
    return CodeRecord(
        recording=RECORDING,
        scenarios={
            name: ScenarioVersions(
                drive=scenarios[name].drive_version, measure=scenarios[name].measure_version
            )
            for name in plan.scenarios
        },
        adapters={arm.adapter.name: arm.adapter.version for arm in plan.arms},
    )


def refuse_other_than_begun(begun: Manifest, folder: Path, plan: Plan, servers: Servers) -> None:
    """UsageError unless machine, code and servers are those that a run was begun with."""
    if other := differs(machine.describe(), begun.machine):
        raise UsageError(
            f"{folder} was begun on another machine ({other} differs): begin a run of your own"
        )
    if changed := unlike(begun, begun.model_copy(update={"code": code_of(plan)})):
        raise UsageError(
            f"{folder} was begun with other code ({', '.join(changed)}): "
            f"check out {shown(begun.commit)}, or begin a new run"
        )
    record = plan.record().workload
    if (was := begun.plan.workload) and record and (others := was.unlike(record)):
        raise UsageError(
            f"{folder} was begun with another load ({', '.join(others)} changed since): "
            "put back what was there, or begin a new run"
        )
    for name in sorted({*begun.given} ^ {*servers}):
        hint = f"leave --{name} out" if name in servers else f"give --{name} again"
        which = "an embedded" if name in servers else "your own"
        raise UsageError(f"{folder} was begun with {which} {name}: {hint}")
