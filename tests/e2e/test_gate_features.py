"""Features gone: real trials of a library from which something was taken, and what follows."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.base.paths import ROOT
from bench.check.blocks import Key
from bench.check.decision import GateFinding, decide, with_features
from bench.check.group_sequential import Rules
from bench.check.live_gate import differ_in_code
from bench.check.outcome import changes_of
from bench.environments.provision import provision
from bench.features.beside_base import AGAIN, METRIC, features_of
from bench.formats import registry
from bench.inprocess import cell_context
from bench.model.arm import parse_arm
from bench.model.environment import Environment, Package
from bench.model.systems import load_adapters

GONE = GateFinding(
    Key("features", "call.batch", METRIC),
    "smaller",
    reason="works at the base, unknown at the head: AttributeError",
)
MORE = GateFinding(
    Key("features", "call.batch", METRIC),
    "larger",
    reason="not offered at the base, works at the head: seen",
)


@pytest.mark.e2e
def test_what_a_library_no_longer_has_is_gone_and_what_it_still_has_is_not(tmp_path: Path) -> None:
    base = parse_arm("rq/simple", load_adapters())
    head = replace(base, environment=_without(tmp_path, "import rq; del rq.Queue.enqueue_many"))
    assert differ_in_code(base, head) and not differ_in_code(base, base)
    said: list[str] = []
    found, told = features_of(
        base,
        head,
        tmp_path / "features",
        said.append,
        wanted=("call.background", "call.batch"),
    )
    assert [(each.key.case, each.says) for each in found] == [("call.batch", "regression")], found
    assert "enqueue_many" in found[0].reason
    assert (
        told == "features: 2 trials, 1 with another outcome at the head" and "2 trials" in said[0]
    )
    assert (tmp_path / "features" / "head" / "features.json").exists() and len(
        list(tmp_path.glob("features/head-again-*/trials/rq/call.batch/observation.json"))
    ) == AGAIN
    turned, _ = features_of(head, base, tmp_path / "turned", said.append, wanted=("call.batch",))
    assert [each.says for each in turned] == ["improvement"]


@pytest.mark.parametrize("system", ["celery", "rq", "huey"])
def test_the_trials_of_a_system_ask_for_nothing_but_the_system(system: str) -> None:
    """An environment of a version holds nothing else: one import too many ends all its trials."""
    ours = [
        "psutil",
        "typer",
        "rich",
        "numpy",
        "pandas",
        "pyarrow",
        "scipy",
        "matplotlib",
        "ruptures",
        "jinja2",
        "pydantic",
        "pytest",
    ]
    others = {"celery", "rq", "huey"} - {system}
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({[*ours, *others]})); "
        f"import adapters.{system}.features as it; print(len(it.TRIALS))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, cell_context.BROKER: "redis://127.0.0.1:1/0"},
    )
    assert done.returncode == 0 and int(done.stdout) > 50, done.stderr


@pytest.mark.slow
@pytest.mark.e2e
def test_an_older_version_has_its_trials_and_lacks_what_a_younger_one_brought(
    tmp_path: Path,
) -> None:
    """It needs a package index."""
    base, head = provision(
        [
            parse_arm(f"rq/simple[rq=={version}]", load_adapters())
            for version in ("1.16.2", "2.10.0")
        ],
        print,
    )
    found, told = features_of(
        base,
        head,
        tmp_path / "features",
        print,
        wanted=("call.background", "security.credentials", "periodic.fires", "unique.queued"),
    )
    assert {(each.key.case, each.says) for each in found} == {
        ("periodic.fires~rq cron", "improvement"),
        ("periodic.fires~Repeat", "improvement"),
        ("unique.queued", "improvement"),
    }
    assert "could not be tried" not in told


def _without(folder: Path, code: str) -> Environment:
    """An environment whose Python is this one, with this done to every process at its start."""
    (folder / "bin").mkdir()
    (folder / "patch").mkdir()
    (folder / "patch" / "sitecustomize.py").write_text(code + "\n", encoding="utf-8")
    script = f'#!/bin/sh\nPYTHONPATH="{folder}/patch:$PYTHONPATH" exec {sys.executable} "$@"\n'
    (folder / "bin" / "python").write_text(script, encoding="utf-8")
    (folder / "bin" / "python").chmod(0o755)
    assert shutil.which(str(folder / "bin" / "python"))
    return Environment(folder, "taken-out", (Package("rq", "0"),))


def test_a_feature_gone_fails_without_a_single_block_and_every_format_says_so(
    tmp_path: Path,
) -> None:
    decision = with_features(
        decide((), Rules(), ended=True),
        (GONE,),
        "features: 50 trials, 1 with another outcome at the head",
    )
    changes = changes_of(decision, (), ("a", "b"), Rules(), {})
    assert (
        changes.exit_code == 1
        and "call.batch" in changes.summary
        and "AttributeError" in changes.summary
    )
    assert changes.notes == ("features: 50 trials, 1 with another outcome at the head",)
    files = {name: tmp_path / name for name in ("markdown", "junit")}
    registry.write(changes, [f"{name}={path}" for name, path in files.items()])
    assert all("AttributeError" in path.read_text(encoding="utf-8") for path in files.values())


def test_a_feature_more_is_an_improvement_and_a_lost_task_outweighs_one_gone() -> None:
    calm = replace(decide((), Rules(), ended=True), exit_code=0)
    assert (
        with_features(calm, (MORE,), "").exit_code == 0
        and with_features(calm, (MORE,), "").notes == ()
    )
    assert with_features(calm, (MORE,), "").findings[0].says == "improvement"
    assert with_features(replace(calm, exit_code=3), (GONE,), "").exit_code == 3
    assert with_features(calm, (GONE,), "").exit_code == 1
