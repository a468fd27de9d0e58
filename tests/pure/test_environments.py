"""Versions and checkouts as arms: read as written, built whole or not at all.

Refused where nothing would be compared.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import HIREDIS
from bench.base.errors import UsageError
from bench.environments import build, cache, checkout, pip
from bench.environments.build import environment_for
from bench.environments.provision import refuse_other, unlike
from bench.model.arm import (
    Arm,
    code_of,
    missing_packages,
    needs_of,
    packages_of,
    parse_arm,
    refuse_same,
    twin,
)
from bench.model.cell import Cell
from bench.model.environment import Environment, Package
from bench.model.manifest import ArmRecord
from bench.model.requirements import Requirement, merged, parse
from bench.model.systems import load_adapters
from tests.checkouts import NO_INDEX, commit_all, git, make_tiny

ADAPTERS = load_adapters()
OURS = f"{HIREDIS.name}=={HIREDIS.value}"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A checkout with one commit and an ignored file."""
    folder = make_tiny(tmp_path / "tiny checkout")
    (folder / ".gitignore").write_text("*.log\n__pycache__/\n")
    (folder / "some.log").write_text("ignored")
    commit_all(folder)
    yield folder


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


def in_environment(text: str, *packages: tuple[str, str], digest: str = "d") -> Arm:
    return replace(
        arm(text),
        environment=Environment(
            Path("nowhere"), digest, tuple(Package(*each) for each in packages)
        ),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("celery/default[celery==5.6.2]", "celery/default[celery==5.6.2]"),
        ("celery[ Celery == 5.6.2 ]", "celery/default[celery==5.6.2]"),
        ("huey/process[redis==6.4.0,huey==3.3.0]", "huey/process[huey==3.3.0, redis==6.4.0]"),
        (
            "celery/default[celery>=5.4,<5.6, redis==6.4.0]",
            "celery/default[celery<5.6,>=5.4, redis==6.4.0]",
        ),
        (
            "celery/default[celery[gevent,redis]==5.6.2]{task_acks_late=true}",
            "celery/default[celery[gevent,redis]==5.6.2]{task_acks_late=true}",
        ),
        ("rq/simple[rq @ path/to/../checkout/]", "rq/simple[rq @ path/checkout]"),
        ("rq/durable[rq@./here]", "rq/durable@redis-always[rq @ here]"),
        ("huey/default@sqlite[huey==3.3.0]{again}", "huey/default@sqlite[huey==3.3.0]{again}"),
        (
            "celery/default{again, task_acks_late=true}",
            "celery/default{task_acks_late=true, again}",
        ),
    ],
)
def test_an_arm_with_versions_has_one_name_that_is_read_again(text: str, name: str) -> None:
    assert arm(text).name == name
    assert arm(name) == arm(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rq/default[rq=1.0]", "is not a requirement: write NAME==VERSION or NAME @ PATH"),
        ("rq/default[]", "nothing stands in the square brackets"),
        ("rq/default[rq==1.0, RQ==2.0]", "asks for rq twice"),
        (
            "rq/default[rq @ https://example.org/rq.zip]",
            "write a version, or the path of a checkout",
        ),
        ("rq/default[rq==1.0 @ here]", "is more than a version or a path"),
        ("rq/default[rq==1.0; python_version > '3']", "is more than a version or a path"),
    ],
)
def test_a_bad_requirement_gets_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        arm(text)
    assert "\n" not in str(error.value)


names = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True).filter(
    lambda name: name != "python"
)
versions = st.lists(st.integers(0, 99), min_size=1, max_size=3).map(
    lambda parts: ".".join(map(str, parts))
)
paths = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}[a-z](/[a-z][a-z0-9_. -]{0,8}[a-z])?", fullmatch=True)
asked = st.one_of(
    st.builds(lambda n, v: f"{n}=={v}", names, versions),
    st.builds(lambda n, low, high: f"{n}<{high},>={low}", names, versions, versions),
    st.builds(lambda n, e, v: f"{n}[{e}]=={v}", names, names, versions),
    st.builds(lambda n, p: f"{n} @ {p}", names, paths),
    st.builds(lambda minor, free: f"python==3.{minor}{free}", st.integers(13, 99), st.just("t")),
    st.builds(lambda minor, patch: f"python==3.{minor}.{patch}", *[st.integers(11, 99)] * 2),
)


@given(
    st.lists(asked, min_size=1, max_size=4, unique_by=lambda text: parse(text, text)[0].name),
    st.booleans(),
)
def test_whatever_is_asked_for_is_read_again_from_the_name(texts: list[str], again: bool) -> None:
    made = arm(f"rq/simple[{', '.join(texts)}]" + ("{again}" if again else ""))
    assert arm(made.name) == made and made.again is again and len(made.requirements) == len(texts)


def test_what_is_wanted_takes_the_place_of_what_is_needed_and_keeps_its_extras() -> None:
    assert [
        each.text
        for each in merged(("celery[redis]", "redis"), parse("celery==5.4.0, uvloop==1.0", ""))
    ] == [
        "celery[redis]==5.4.0",
        "redis",
        "uvloop==1.0",
    ]
    assert [each.text for each in merged(("celery[redis]",), parse("celery @ here", ""))] == [
        "celery[redis] @ here"
    ]


def test_an_arm_with_an_environment_of_its_own_needs_nothing_in_that_of_bench() -> None:
    there = arm("rq/simple[rq==1.16.2]")
    assert missing_packages(there) == [] and packages_of(there) == ("rq", "redis")
    assert (
        packages_of(arm("huey/default@postgres"))[-1] == "psycopg"
        and needs_of(arm("huey/default@postgres"))[-1] == "psycopg[binary]"
    )


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("celery/tuned", [OURS]),
        ("rq/tuned@redis-always", [OURS]),
        ("huey/tuned[huey==3.3.0]", [OURS, "huey==3.3.0"]),
        ("huey/tuned[hiredis==3.2.0]", ["hiredis==3.2.0"]),
        ("celery/tuned@rabbitmq", []),  # no Redis, nothing to read faster
        ("huey/tuned@sqlite", []),
        ("celery/default", []),
    ],
)
def test_what_a_profile_installs_stands_in_an_environment_of_its_own(
    text: str, asked: list[str]
) -> None:
    made = arm(text)
    assert [each.text for each in made.asked] == asked and made.name == text
    assert "hiredis" not in made.settings and missing_packages(made) == []
    assert ("hiredis" in packages_of(made)) is bool(asked)
    described = made.describe(2)
    told = {each.name: each for each in described.settings}
    assert ("hiredis" in told) is (OURS in asked)
    if OURS in asked:
        assert told["hiredis"].value == HIREDIS.value
        assert told["hiredis"].source.startswith("https://")
    environment = described.environment
    assert [*(environment.requirements if environment else ())] == asked


def test_hiredis_is_looked_for_wherever_an_arm_runs() -> None:
    """redis-py uses it where it finds it: a default arm that does must say so."""
    for text in ("huey/default", "floor", "celery/tuned"):
        assert "hiredis" in Cell(1, "burst", "-", arm(text), 0, 2, 1).spec().packages


def test_two_arms_that_are_the_same_code_and_settings_are_refused() -> None:
    plain = arm("rq/default")
    same = in_environment("rq/default[rq==9.9]", *code_of(plain))
    with pytest.raises(
        UsageError,
        match=r"nothing is compared: rq/default and rq/default\[rq==9.9\] "
        "are the same code and settings; --aa",
    ):
        refuse_same([plain, same])
    other = in_environment("rq/default[rq==9.9]", ("rq", "9.9"), ("redis", "1.0"))
    refuse_same(
        [plain, other, arm("rq/simple"), arm("rq/default@redis-always"), arm("huey/default")]
    )


def test_a_twin_is_the_same_under_a_name_of_its_own_and_is_not_refused() -> None:
    first = arm("huey/process")
    second = twin(first)
    assert second.name == "huey/process{again}" and arm(second.name) == second
    assert second.settings == first.settings and second.launch(2) == first.launch(2)
    refuse_same([first, second])


def test_an_arm_says_what_it_is_beside_only_where_that_differs() -> None:
    pinned, plain = in_environment("rq/default[rq==9.9]", ("rq", "9.9")), arm("rq/default")
    assert unlike([plain]) == [] and unlike([pinned]) == []
    assert unlike([plain, pinned])[0].startswith("rq/default runs where")
    tuned = in_environment("rq/tuned", ("rq", "9.9"), ("hiredis", "3.2"))
    assert unlike([tuned]) == [] and "rq/tuned does not" in unlike([plain, tuned])[0]


def test_a_run_is_not_taken_up_in_another_environment(tmp_path: Path) -> None:
    begun = in_environment("rq/default[rq==9.9]", ("rq", "9.9"), ("redis", "1.0"))
    document = json.loads(json.dumps(begun.describe(2).as_json()))
    stored = {begun.name: ArmRecord.model_validate(document)}
    refuse_other(tmp_path, stored, [begun])
    with pytest.raises(
        UsageError, match=r"another environment of rq/default\[rq==9.9\] \(redis differ\)"
    ):
        refuse_other(
            tmp_path,
            stored,
            [in_environment("rq/default[rq==9.9]", ("rq", "9.9"), ("redis", "2.0"), digest="e")],
        )


def test_the_digest_of_a_checkout_is_that_of_the_files_that_count(tiny: Path) -> None:
    wanted = Requirement("tiny", path=str(tiny))
    first = checkout.look(wanted, "an arm")
    (tiny / "some.log").write_text("still ignored", encoding="utf-8")
    (tiny / "tiny.py").touch()
    assert checkout.look(wanted, "an arm") == first and not first.dirty and len(first.commit) == 40
    (tiny / "tiny.py").write_text("def main():\n    print('changed')\n", encoding="utf-8")
    changed = checkout.look(wanted, "an arm")
    assert changed.digest != first.digest and changed.dirty and changed.commit == first.commit
    git(tiny, "commit", "-q", "-a", "-m", "second")
    assert checkout.look(wanted, "an arm").digest == changed.digest
    (tiny / "more.py").write_text("", encoding="utf-8")
    assert checkout.look(wanted, "an arm").digest != changed.digest


def test_a_folder_that_is_no_checkout_has_a_digest_and_no_commit(tiny: Path) -> None:
    subprocess.run(["rm", "-r", str(tiny / ".git")], check=True)
    found = checkout.look(Requirement("tiny", path=str(tiny)), "an arm")
    assert (found.commit, found.dirty) == ("", False) and "some.log" in checkout.files(tiny)


def test_an_environment_is_built_once_from_a_wheel_of_the_files_and_runs_their_program(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NO_INDEX.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []

    def made() -> Environment:
        return environment_for("an arm", (), [Requirement("tiny", path=str(tiny))], said.append)

    first = made()
    assert said == [f"building an environment with tiny @ {tiny} …"]
    assert made() == first and len(said) == 1
    assert (
        prints(first) == "as committed"
        and not list(tiny.glob("build*"))
        and not list(tiny.glob("*.egg-info"))
    )
    (tiny / "tiny.py").write_text("def main():\n    print('changed')\n", encoding="utf-8")
    second = made()
    assert (
        prints(second) == "changed"
        and prints(first) == "as committed"
        and second.checkouts[0].dirty
    )
    # The folder is no part of what is stored.
    assert "file:" not in str(replace(second, folder=None))
    assert first.identity() != second.identity()
    with pytest.raises(UsageError, match="brings the program celery"):
        second.program("celery")


def prints(environment: Environment) -> str:
    return subprocess.run(
        [environment.program("tiny")], capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            Requirement("tiny", path="nowhere"),
            "an arm: nowhere is not a checkout of tiny: it needs a pyproject.toml or a setup.py",
        ),
        (
            Requirement("nosuchthing", specifier="==1"),
            "an arm cannot be installed: nosuchthing==1: no such package, "
            "or the package index cannot be reached: name another by PIP_INDEX_URL, "
            "or a folder of wheels by PIP_FIND_LINKS",
        ),
    ],
)
def test_what_cannot_be_installed_is_refused_in_one_line(
    wanted: Requirement, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NO_INDEX.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as error:
        environment_for("an arm", (), [wanted], lambda line: None)
    assert str(error.value) == words


def test_a_checkout_of_something_else_or_one_that_cannot_be_built_is_refused(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NO_INDEX.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="is a checkout of tiny, not of rq: write tiny @"):
        environment_for("an arm", (), [Requirement("rq", path=str(tiny))], lambda line: None)
    (tiny / "own_backend.py").write_text(
        "def build_wheel(*_, **__):\n    raise RuntimeError('the compiler is missing')\n",
        encoding="utf-8",
    )
    with pytest.raises(
        UsageError, match="an arm cannot be installed: RuntimeError: the compiler is missing"
    ):
        environment_for("an arm", (), [Requirement("tiny", path=str(tiny))], lambda line: None)
    assert not [
        folder
        for folder in cache.cache("wheels").iterdir()
        if folder.is_dir() and not (folder / cache.COMPLETE).exists()
    ]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement celery[redis]==5.5.9 "
            "(from versions: 5.4.0, 5.5.2, 5.5.3, 5.6.0, 5.6.1)\n",
            "celery[redis]==5.5.9: no such version; the nearest are 5.5.2, 5.5.3, 5.6.0",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement a==99 "
            "(from versions: 1.0, 1.10, 1.9)\n",
            "a==99: no such version; the nearest are 1.0, 1.9, 1.10",
        ),
        (
            "The conflict is caused by:\n    a 1 depends on b<2\n    The user requested b==2\n\n"
            "To fix this you could try to:\n",
            "these exclude each other: a 1 depends on b<2; The user requested b==2",
        ),
        (
            "WARNING: x\n"
            "ERROR: 403 Client Error for url: https://user:secret@index.example.org/simple/\n",
            "ERROR: 403 Client Error for url: …",
        ),
        (
            "/usr/bin/python: No module named pip\n",
            "pip is not installed beside bench: python -m ensurepip",
        ),
        ("", "pip said nothing"),
    ],
)
def test_pip_is_quoted_in_short_and_without_addresses(said: str, words: str) -> None:
    assert pip.reason(said) == words


def test_what_a_killed_bench_left_half_built_goes_and_what_another_builds_stays() -> None:
    folder = cache.cache("environments")
    for name in ("whole", "half", "building"):
        (folder / name).mkdir()
    (folder / "whole" / cache.COMPLETE).write_text("{}", encoding="utf-8")
    with cache.held(folder / "building"):
        cache.sweep("environments")
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["building", "whole"]


def test_an_environment_whose_interpreter_is_gone_is_not_used(tmp_path: Path) -> None:
    (tmp_path / cache.COMPLETE).write_text("{}")
    assert not build.is_whole(tmp_path, [Package("rq", "1.0")])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_cut_off_leaves_no_process_and_nothing_that_is_used(
    tiny: Path, tmp_path: Path, number: int
) -> None:
    """Cut off while pip builds the wheel; the next bench finds nothing half made."""
    (tiny / "own_backend.py").write_text(
        "import time\n\ndef build_wheel(*_, **__):\n    time.sleep(600)\n", encoding="utf-8"
    )
    command = [
        sys.executable,
        "-m",
        "bench.cli",
        "run",
        "burst",
        "--size",
        "smoke",
        "--arm",
        f"rq/simple[tiny @ {tiny}]",
        "--out",
        str(tmp_path / "run"),
    ]
    root = str(Path(__file__).resolve().parents[2])
    # A lock of its own: this bench never measures anything.
    (tmp_path / "tmp").mkdir()
    env = {**os.environ, **NO_INDEX, "PYTHONPATH": root, "TMPDIR": str(tmp_path / "tmp")}
    bench = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert waited(lambda: bool(building(tmp_path))), "the build did not begin"
    bench.send_signal(number)
    assert bench.wait(20) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert waited(lambda: not building(tmp_path)), "pip outlived bench"
    assert (
        waited(lambda: not [path for path in (tmp_path / "tmp").iterdir() if path.is_dir()])
        and not (tmp_path / "run").exists()
    )
    assert not list((tmp_path / "cache" / "queue-bench" / "wheels").glob("tiny-*/*.whl"))


def test_without_an_index_a_tuned_arm_is_refused_before_anything_is_measured(
    tmp_path: Path,
) -> None:
    (tmp_path / "tmp").mkdir()
    words = ["run", "burst", "--size", "smoke", "--arm", "floor", "--arm", "huey/tuned"]
    root = str(Path(__file__).resolve().parents[2])
    env = {**os.environ, **NO_INDEX, "PYTHONPATH": root, "TMPDIR": str(tmp_path / "tmp")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.cli", *words, "--out", str(tmp_path / "run")],
        env=env,
        capture_output=True,
        text=True,
    )
    told = [line for line in done.stderr.splitlines() if line.startswith("bench:")]
    assert done.returncode == 64 and len(told) == 1, done.stderr
    assert "huey/tuned cannot be installed: " in told[0] and "PIP_FIND_LINKS" in told[0]
    assert not (tmp_path / "run").exists()


def building(tmp_path: Path) -> list[str]:
    """The processes that run in the folder of this build."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if "build_wheel" in line and str(tmp_path) in line:
            found.append(line)
    return found


def waited(met: object, timeout_s: float = 30) -> bool:
    deadline = time.monotonic() + timeout_s
    while not met():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
