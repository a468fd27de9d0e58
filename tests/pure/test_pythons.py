"""Another Python as part of an arm: read as written, asked what it is, and run in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.base.errors import UsageError
from bench.environments import pip, pythons
from bench.environments.build import environment_for
from bench.environments.provision import provision
from bench.hosts.local import Host
from bench.inprocess import event_log
from bench.model.arm import Arm, code_of, parse_arm, refuse_same
from bench.model.environment import Environment, Package
from bench.model.interpreter import OWN, Interpreter
from bench.model.requirements import Requirement, python_of
from bench.model.systems import load_adapters
from bench.run import diagnosis
from bench.testbed.load import Load
from tests.checkouts import NO_INDEX, make_tiny

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = load_adapters()
IN_CELLS = [
    *ROOT.glob("bench/inprocess/**/*.py"),
    *ROOT.glob("adapters/*/app.py"),
    *ROOT.glob("adapters/*/features/*.py"),
    *ROOT.glob("bench/selftest/synthetic/*.py"),
]


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


def a_python(version: str, free_threaded: bool = False, made: str = "CPython") -> Interpreter:
    return Interpreter("/nowhere/python", version, made, free_threaded, "/nowhere")


def in_python(text: str, python: Interpreter) -> Arm:
    packages = (Package("rq", "9.9"), Package("redis", "1.0"))
    return replace(arm(text), environment=Environment(Path("x"), "d", packages, python=python))


@pytest.fixture(scope="module")
def here() -> list[Interpreter]:
    """The real Pythons of this machine."""
    return pythons.found_here()


@pytest.fixture
def other(here: list[Interpreter]) -> Interpreter:
    """A Python of this machine that is not the one of bench."""
    if len(here) == 1:
        pytest.skip(f"this machine has one Python only, {OWN.name}")
    return here[-1]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A PATH with nothing on it but this folder, and no pyenv."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "no pyenv"))
    yield folder


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("rq/default[python==3.13]", "rq/default[python==3.13]", "3.13"),
        ("floor[ Python == 3.11.2 ]", "floor/default[python==3.11.2]", "3.11.2"),
        (
            "celery[python==3.14t,celery==5.6.2]",
            "celery/default[celery==5.6.2, python==3.14t]",
            "3.14t",
        ),
        ("rq/default[python-dateutil==2.9]", "rq/default[python-dateutil==2.9]", ""),
        ("rq/default[python3-x==2.9]", "rq/default[python3-x==2.9]", ""),
    ],
)
def test_a_python_is_one_of_the_requirements_of_an_arm(text: str, name: str, wanted: str) -> None:
    made = arm(text)
    assert made.name == name and arm(name) == made and python_of(made.requirements) == wanted


@pytest.mark.parametrize("system", ["rq/default", "floor"])
@pytest.mark.parametrize(
    "asked",
    [
        *("python", "python==2.7", "python==3", "python==3.1", "python==3.10", "python==3.12t"),
        *("python==4.0", "python==3.13.1.2", "python==3.013", "python==3.14.0rc1"),
        *("python>=3.12", "python>=3.12,<3.14", "python~=3.13", "python===3.13", "python=3.13"),
        *("python==3.13.*", "python==banana", "python==3.13t.1", "python==3.13; x", "python<4"),
        *("python @ ../cpython", "python[x]==3.13"),
    ],
)
def test_what_is_no_python_to_measure_in_gets_one_line(system: str, asked: str) -> None:
    with pytest.raises(UsageError, match=r"is no Python to measure in: write python==") as error:
        arm(f"{system}[{asked}]")
    assert "\n" not in str(error.value) and error.value.exit_code == 64


def test_two_pythons_in_one_arm_are_refused() -> None:
    with pytest.raises(UsageError, match="asks for python twice"):
        arm("rq/default[python==3.13, python==3.14]")


@pytest.mark.parametrize(
    ("python", "wanted", "is_it"),
    [
        (a_python("3.13.2"), "3.13", True),
        (a_python("3.13.2"), "3.13.2", True),
        (a_python("3.13.20"), "3.13.2", False),
        (a_python("3.12.2"), "3.13", False),
        (a_python("3.14.0rc1"), "3.14", True),
        (a_python("3.14.0rc1"), "3.14.0", False),
        (a_python("3.13.2", free_threaded=True), "3.13", False),
        (a_python("3.13.2", free_threaded=True), "3.13t", True),
        (a_python("3.13.2", free_threaded=True), "3.13.2t", True),
        (a_python("3.13.2"), "3.13t", False),
        (a_python("3.11.13", made="PyPy"), "3.11", False),
    ],
)
def test_a_python_is_what_is_asked_for_or_it_is_not(
    python: Interpreter, wanted: str, is_it: bool
) -> None:
    assert python.satisfies(wanted) is is_it


def test_a_program_is_asked_what_it_is(tmp_path: Path) -> None:
    assert pythons.ask(sys.executable) == OWN
    program(tmp_path, "python3.13", "exit 127")
    program(tmp_path, "python3.14", "echo '[1]'")
    for name in ("python3.13", "python3.14", "python3.15"):
        assert pythons.ask(str(tmp_path / name)) is None


def test_that_of_bench_is_taken_wherever_it_fits(alone: Path) -> None:
    assert pythons.find("", "an arm", print) is OWN
    assert pythons.find(OWN.name, "an arm", print) is OWN


def test_a_shim_that_does_not_answer_is_passed_over(
    alone: Path, other: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = ("python" + ".".join(other.version.split(".")[:2])) + "t" * other.free_threaded
    program(alone, name, "echo 'not switched on' >&2; exit 127")
    real = alone.parent / "real"
    real.mkdir()
    (real / name).symlink_to(os.path.realpath(other.path))
    monkeypatch.setenv("PATH", f"{alone}{os.pathsep}{real}")
    found = pythons.find(other.name, "an arm", print)
    assert (found.name, found.prefix) == (other.name, other.prefix)


def test_what_pyenv_has_is_found_though_it_is_not_switched_on(
    alone: Path, other: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = alone.parent / "pyenv" / "versions" / other.name / "bin"
    folder.mkdir(parents=True)
    name = "python" + ".".join(other.version.split(".")[:2])
    (folder / name).symlink_to(os.path.realpath(other.path))
    monkeypatch.setenv("PYENV_ROOT", str(alone.parent / "pyenv"))
    assert pythons.find(other.name, "an arm", print).name == other.name
    assert [each.name for each in pythons.found_here()] == [OWN.name, other.name]


def test_a_python_that_is_nowhere_is_refused_with_those_that_the_machine_has(alone: Path) -> None:
    said: list[str] = []
    with pytest.raises(UsageError) as error:
        pythons.find("3.99", "an arm", said.append)
    assert str(error.value) == (
        f"an arm: this machine has no Python 3.99, it has {OWN.name} only: "
        "put such a python3.99 on PATH, or install uv, which fetches one"
    )
    assert said == []


def test_it_is_refused_before_any_environment_is_built(alone: Path) -> None:
    arms = [arm("rq/simple[rq @ nowhere]"), arm("rq/simple[python==3.99]")]
    with pytest.raises(UsageError, match=r"rq/simple\[python==3.99\]: this machine has no Python"):
        provision(arms, print)


def test_why_uv_could_not_fetch_one_is_said(alone: Path) -> None:
    program(alone, "uv", '[ "$2" = install ] && echo "error: No download found for $3" >&2; exit 2')
    said: list[str] = []
    with pytest.raises(UsageError) as error:
        pythons.find("3.99", "an arm", said.append)
    assert f"{OWN.name} only (uv: error: No download found for 3.99): " in str(error.value)
    assert "install uv" not in str(error.value) and said == ["fetching Python 3.99 with uv …"]


def test_uv_fetches_into_its_own_place_and_what_it_has_is_used(
    alone: Path, other: Interpreter
) -> None:
    """uv as bench calls it, played by a script: no index is asked."""
    done = alone.parent / "done"
    program(
        alone,
        "uv",
        f"""case "$2 $3 $UV_PYTHON_INSTALL_BIN $UV_PYTHON_PREFERENCE" in
"install {other.name} 0 ") : > '{done}' ;;
"find {other.name}  only-managed") [ -e '{done}' ] && echo '{other.path}' ;;
*) exit 2 ;;
esac""",
    )
    said: list[str] = []
    assert pythons.find(other.name, "an arm", said.append) == other
    assert pythons.find(other.name, "an arm", said.append) == other
    assert said == [f"fetching Python {other.name} with uv …"]


def test_the_doctor_lists_the_pythons_and_says_where_there_is_one_only(
    alone: Path, here: list[Interpreter], monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = diagnosis._pythons()
    assert finding.state == "note" and finding.detail.startswith(f"{OWN.name} only; no ")
    assert "3.14t" in finding.detail and "uv" in finding.fix
    monkeypatch.undo()
    assert diagnosis._pythons().detail.startswith(pythons.named(here))


def test_the_same_libraries_in_two_pythons_are_two_arms() -> None:
    one, two, same = (
        in_python("rq/default[python==3.12]", a_python("3.12.1")),
        in_python("rq/default[python==3.13]", a_python("3.13.0")),
        in_python("rq/default[python==3.13, rq==9.9]", a_python("3.13.0")),
    )
    refuse_same([one, two])
    refuse_same([two, in_python("rq/default[python==3.13t]", a_python("3.13.0", True))])
    with pytest.raises(UsageError, match="are the same code and settings"):
        refuse_same([one, two, same])
    assert ("python", OWN.name) in code_of(arm("rq/default"))


def test_an_environment_of_another_python_is_its_own_and_runs_in_it(
    other: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**NO_INDEX, "XDG_CACHE_HOME": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    tiny = make_tiny(tmp_path / "tiny")
    wanted = [
        Requirement("python", specifier=f"=={other.name}"),
        Requirement("tiny", path=str(tiny)),
    ]
    said: list[str] = []
    own = environment_for("an arm", (), wanted[1:], said.append)
    made = environment_for("an arm", (), wanted, said.append, other)
    assert said[1:] == [f"building an environment with python=={other.name}, tiny @ {tiny} …"]
    assert environment_for("an arm", (), wanted, said.append, other) == made and len(said) == 2
    assert made.digest != own.digest and made.identity() != own.identity()
    assert [(each.name, each.version) for each in made.packages] == [("tiny", "1.0")]
    inside = pythons.ask(made.program("python"))
    assert inside and (inside.name, inside.prefix) == (other.name, other.prefix)
    done = subprocess.run([made.program("tiny")], capture_output=True, text=True, check=True)
    assert done.stdout == "as committed\n"
    # A wheel may be compiled for one Python: each has its own.
    assert len(list((tmp_path / "cache" / "queue-bench" / "wheels").glob("tiny-*/*.whl"))) == 2


def test_a_pip_that_is_too_old_for_a_python_is_named() -> None:
    said = "AttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'x'?\n"
    assert pip.reason(said).endswith("too old for that Python: python -m pip install -U pip")


# Compiled with each warning an error: what a later Python refuses begins as a warning.
COMPILES = """
import sys
for path in sys.argv[1:]:
    compile(open(path, encoding="utf-8").read(), path, "exec")
"""
IMPORTS = """
import sys
sys.path.insert(0, sys.argv[1])
import bench.inprocess.body, bench.inprocess.generator, bench.inprocess.import_trial
import bench.inprocess.proxy, bench.inprocess.trials.driver, bench.inprocess.trials.package
"""


def test_what_runs_inside_of_measured_processes_is_good_for_every_python_here(
    here: list[Interpreter],
) -> None:
    for python in here:
        for code, args in ((COMPILES, list(map(str, IN_CELLS))), (IMPORTS, [str(ROOT)])):
            command = [python.path, "-I", "-B", "-S", "-W", "error", "-c", code, *args]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, (python.name, done.stderr)


RUNS_ONE = "import sys; sys.path.insert(0, sys.argv[1]); from bench.inprocess import body; "


def test_a_free_threaded_build_says_whether_the_task_ran_with_the_gil(
    here: list[Interpreter], tmp_path: Path
) -> None:
    for python in here:
        work = tmp_path / python.name
        work.mkdir()
        event_log.create(str(work / "runs.bin"))
        command = [python.path, "-I", "-B", "-c", RUNS_ONE + "body.run(1); body.run(2)", str(ROOT)]
        env = {**os.environ, "QUEUE_BENCH_EVENTS": str(work / "runs.bin")}
        subprocess.run(command, env=env, check=True)
        written = sorted(path.name for path in work.iterdir())
        assert written == ["gil-off"] * python.free_threaded + ["runs.bin"]


@pytest.mark.parametrize(
    ("states", "told"),
    [((), {}), (("off",), {"GIL": "off"}), (("on", "off"), {"GIL": "off and on"})],
)
def test_the_versions_of_a_cell_tell_of_the_gil_where_workers_did(
    states: tuple[str, ...], told: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "versions.json").write_text('{"python": "3.14.0"}', encoding="utf-8")
    for state in states:
        (tmp_path / f"gil-{state}").touch()
    host = Host(tmp_path)
    load = Load([host], lambda _: {}, 1, sys.executable)
    assert load.versions([host]) == {"python": "3.14.0"} | told
