"""action.yml, the examples and docker-compose.yml.

Against the published schemas, and for what a schema does not see.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    "action.yml": ["vendor.github-actions"],
    "examples/github-workflow.yml": ["vendor.github-workflows"],
    "examples/gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    "docker-compose.yml": ["vendor.compose-spec"],
}
OURS = {"actions/checkout", "actions/setup-python", "actions/upload-artifact", "OWNER/queue-bench"}


def load(name: str) -> Any:
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


def steps(name: str) -> list[dict[str, Any]]:
    document = load(name)
    return (
        [step for job in document["jobs"].values() for step in job["steps"]]
        if "jobs" in document
        else list(document["runs"]["steps"])
    )


def scripts() -> Iterator[tuple[str, str]]:
    """Everything that a shell will read."""
    for name in ("action.yml", "examples/github-workflow.yml"):
        yield from ((name, step["run"]) for step in steps(name) if "run" in step)
    job = load("examples/gitlab-ci.yml")["queue-bench"]
    yield from (
        ("examples/gitlab-ci.yml", line)
        for part in ("before_script", "script")
        for line in job[part]
    )


def check(path: Path, *schema: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(path)],
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_fit_their_published_schema(name: str) -> None:
    done = check(ROOT / name, *SCHEMAS[name])
    assert done.returncode == 0, done.stdout


def test_the_schema_would_find_a_fault(tmp_path: Path) -> None:
    for name, schema in SCHEMAS.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        broken = re.sub(r"^( *)(using|runs-on|script|image):", r"\1x\2:", text, flags=re.M)
        assert broken != text
        (tmp_path / "broken.yml").write_text(broken, encoding="utf-8")
        assert check(tmp_path / "broken.yml", *schema).returncode == 1, name


@pytest.mark.parametrize(("name", "script"), list(scripts()))
def test_scripts_are_bash_and_take_no_text_from_outside(name: str, script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "${{" not in script, "what stands in an input would be run"


def test_only_actions_of_github_itself_are_used_by_major_version() -> None:
    used = [
        step["uses"].split("@")
        for name in ("action.yml", "examples/github-workflow.yml")
        for step in steps(name)
        if "uses" in step
    ]
    assert {name for name, _ in used} == OURS
    assert all(
        re.fullmatch(r"v\d+", version) for name, version in used if name.startswith("actions/")
    )


def test_the_action_hands_its_inputs_on(tmp_path: Path) -> None:
    """The step as the runner runs it, with a bench that writes down what it was given."""
    step = next(step for step in steps("action.yml") if step.get("id") == "check")
    assert all(
        re.fullmatch(r"\$\{\{ inputs\.[a-z-]+ \}\}", value) for value in step["env"].values()
    )
    bench = tmp_path / "queue-bench" / "bin" / "bench"
    bench.parent.mkdir(parents=True)
    bench.write_text(
        f'#!/bin/bash\nprintf "%s\\n" "$@" >"{tmp_path}/given"\nexit "$WANTED"\n', encoding="utf-8"
    )
    bench.chmod(0o755)
    evil = "a/b[x @ .]'\"; touch pwned; $(touch pwned)`touch pwned`"
    given = {
        "BASE": evil,
        "HEAD": "--help",
        "BUDGET": "1m",
        "THRESHOLD": "throughput=5%\n\nlatency_p99_ms=20%\n",
        "FAIL_ON": "",
        "INCONCLUSIVE": "fail",
    }
    places = {
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "s.md"),
        "GITHUB_OUTPUT": str(tmp_path / "out"),
        "PATH": "/usr/bin:/bin",
    }
    for wanted, inconclusive, expected in [
        ("0", "fail", 0),
        ("1", "pass", 1),
        ("2", "fail", 2),
        ("2", "pass", 0),
        ("64", "pass", 64),
    ]:
        env = {**given, **places, "WANTED": wanted, "INCONCLUSIVE": inconclusive}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, encoding="utf-8")
        assert done.returncode == expected, done.stderr
        assert (tmp_path / "out").read_text(encoding="utf-8").endswith(f"exit-code={wanted}\n")
    words = (tmp_path / "given").read_text(encoding="utf-8").splitlines()
    assert words[:4] == ["check", f"--base={evil}", "--head=--help", "--budget=1m"]
    assert words[5:7] == [
        "--threshold=throughput=5%",
        "--threshold=latency_p99_ms=20%",
    ] and "--fail-on" not in " ".join(words)
    assert (
        words[7:9] == [f"--write=markdown={tmp_path / 's.md'}", "--write=github=-"]
        and not (tmp_path / "pwned").exists()
    )


def test_the_example_suite_is_collected() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "examples/test_my_queue.py",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert "2 tests collected" in done.stdout, done.stdout


def test_the_example_settings_are_toml() -> None:
    assert tomllib.loads((ROOT / "examples/bench.toml").read_text(encoding="utf-8"))["check"][
        "thresholds"
    ]
