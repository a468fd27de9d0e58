"""A workload on the command line: what does not go together is said in one line, with its place."""

import json
import math
import re
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.base.errors import UsageError
from bench.environments import provision, user_code
from bench.environments.user_code import (
    provisioned,
    refuse_unusable_code,
    required,
    with_code,
)
from bench.inprocess.call_trial import tried
from bench.model.arm import parse_arm
from bench.model.systems import load_adapters
from bench.workload.probe_size import (
    MOST_CELLS,
    MOST_SHORT_CELLS,
    Estimated,
    LoadSize,
    seconds_needed,
    tasks_needed,
)
from bench.workload.workload_file import TEMPLATE, read_workload
from tests.pure.test_cli import bench as typed

SMALL = """
[[task]]
name = "mail"
sleep_ms = 5
[arrivals]
rate = {rate}
seconds = {seconds}
"""
OBJECTIVE = "[objective]\np99_ms = 500\n"


def written(folder: Path, rate: float = 50, seconds: float = 60, more: str = OBJECTIVE) -> str:
    path = folder / "shop.toml"
    path.write_text(SMALL.format(rate=rate, seconds=seconds) + more, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--find", "rate"], "name it by --workload FILE"),
        (["--fail-on", "objective"], "name it by --workload FILE"),
        (["burst", "--fail-on", "objectiv"], "did you mean objective"),
        (["workload"], "--workload FILE"),
        (["--workload", "FILE", "--find", "rates"], "did you mean rate"),
        (["--workload", "FILE", "--find", "rate", "--case", "crash"], "leave --case out"),
        (["--workload", "FILE", "--find", "rate", "--blocks", "3"], "leave --blocks out"),
        (["burst", "--workload", "FILE", "--find", "rate"], "of workload alone"),
        (["burst", "--workload", "FILE"], "name that scenario"),
        (["--workload", "FILE", "--find-minutes", "5"], "give --find rate too"),
        (["--workload", "FILE", "--find", "rate", "--find-minutes", "0"], "a number above 0"),
        (["--workload", "FILE", "--find", "rate", "--find-minutes", "nan"], "a number above 0"),
        (["--workload", "FILE", "--find", "rate", "--find-minutes", "1"], "give 12 or more"),
        (["--workload", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    args: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path)
    given = [file if each == "FILE" else each for each in args]
    code, out, err = typed(capsys, monkeypatch, "run", *given, "--out", "never")
    assert code == 64 and words in err, err + out
    assert len([line for line in err.splitlines() if line.startswith("bench:")]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop.toml"]


@pytest.mark.parametrize(
    ("more", "args", "words"),
    [
        ("", ["--find", "rate"], ":1: there is no objective to hold"),
        ("", ["--fail-on", "objective"], ":1: there is no objective to hold"),
        (OBJECTIVE + '[code]\npass = ["NO_SUCH"]\n', [], ":11: NO_SUCH: there is no such variable"),
        (OBJECTIVE + '[code]\nenv = { CELERY_X = "1" }\n', [], ":11: CELERY_X: a measured library"),
        (OBJECTIVE + '[code]\nenv = { PYTHONPATH = "." }\n', [], ":11: PYTHONPATH: bench sets"),
        (OBJECTIVE + '[code]\nenv = { PATH = "." }\n', [], ":11: PATH: it decides which programs"),
        (OBJECTIVE + '[code.env]\nA = "1"\nLD_PRELOAD = "x"\n', [], ":12: LD_PRELOAD: it decides"),
        (OBJECTIVE + '[code]\nenv.PYTHONHOME = "."\n', [], ":11: PYTHONHOME: it decides which"),
        (OBJECTIVE + '[code]\nenv.TMPDIR = "."\n', [], ":11: TMPDIR: each cell has a folder of"),
    ],
)
def test_a_fault_of_the_file_is_said_with_its_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    more: str,
    args: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path, more=more)
    code, _, err = typed(capsys, monkeypatch, "run", "--workload", file, *args, "--out", "never")
    assert code == 64 and f"shop.toml{words}" in err, err


def test_a_load_that_is_too_thin_to_search_with_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = written(tmp_path, rate=0.5)
    asked = ("run", "--workload", file, "--find", "workers", "--out", str(tmp_path / "never"))
    code, _, err = typed(capsys, monkeypatch, *asked)
    assert code == 64 and "are too few to tell" in err and "shop.toml:" in err


def test_what_a_search_lacks_is_told_of_the_goals_in_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = written(tmp_path, rate=300, seconds=5, more="[objective]\np90_ms = 200\n")
    asked = ("run", "--workload", file, "--find", "rate", "--out", str(tmp_path / "never"))
    code, _, err = typed(capsys, monkeypatch, *asked)
    assert code == 64 and "shop.toml:5: 1," in err and "tasks in 5 s are too few to tell" in err
    assert "p90_ms takes 100 tasks and 20 s, in 3 cells at most: let the load last 7 s or" in err
    assert "P99" not in err and "p99" not in err


@pytest.mark.parametrize("shrinks", [False, True])
@given(
    st.lists(st.tuples(st.sampled_from([1, 10, 50]), st.integers(1, 3000)), min_size=1),
    st.integers(1, 200),
)
def test_a_load_that_lasts_as_long_as_is_told_can_be_searched_with(
    shrinks: bool, wanted: list[tuple[int, int]], seconds: int
) -> None:
    def lasting(longer: float) -> LoadSize:
        estimated = [Estimated(spared, math.ceil(tasks * longer)) for spared, tasks in wanted]
        return LoadSize(seconds * longer, 3000, estimated, shrinks)

    least = lasting(1.0).least_seconds()
    assert least is not None
    assert lasting((least + 1) / seconds).decidable(1.0)
    # Where it is enough as it is, it may even be longer than it need be.
    assert lasting(1.0).decidable(1.0) or least >= seconds


def test_the_guide_says_below_which_length_a_search_is_refused() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text(encoding="utf-8")
    guide = " ".join(guide.split())
    p99, p90, p50 = (
        f"P{100 - spared} "
        + ("takes " if spared == 1 else "")
        + f"{math.ceil(seconds_needed(spared))} seconds and {tasks_needed(spared):,.0f} tasks"
        for spared in (1, 10, 50)
    )
    assert f"a {p99}, a {p90}, a {p50}." in guide
    assert f"{MOST_CELLS} at most, of a trace {MOST_SHORT_CELLS}" in guide
    least = [math.ceil(seconds_needed(spared) / MOST_CELLS) for spared in (1, 10)]
    assert f"less than {least[0]} seconds with a P99, or of less than {least[1]} with a" in guide


def test_what_is_to_be_typed_is_one_word_and_has_its_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my loads"
    folder.mkdir()
    for name in ("my loads/five s.toml", "-x.toml"):
        code, out, _ = typed(capsys, monkeypatch, "workload", "new", "--", name)
        told = re.findall("`([^`]*)`", out)
        assert code == 0 and len(told) == 2
        for command in told:
            file = shlex.split(command)[-1]
            assert not file.startswith("-") and read_workload(Path(file)).path.is_file()
    asked = ("run", "burst", "--workload", "my loads/five s.toml", "--out", "never")
    code, _, err = typed(capsys, monkeypatch, *asked)
    assert code == 64 and "`bench run workload --workload 'my loads/five s.toml'`" in err


@pytest.mark.parametrize(("command", "kept"), [("workload", False), ("run", True)])
def test_only_what_measures_speaks_of_a_run_when_it_is_interrupted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, kept: bool
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.cli._command", interrupted)
    code, _, err = typed(capsys, monkeypatch, command, "check")
    assert code == 130 and ("--resume" in err) == kept and "interrupted" in err


def test_a_new_file_is_the_template_and_nothing_is_written_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    code, out, _ = typed(capsys, monkeypatch, "workload", "new", str(path))
    assert code == 0 and f"bench workload check {path}" in out
    assert path.read_text(encoding="utf-8") == TEMPLATE.read_text(encoding="utf-8")
    assert read_workload(path).workload.names == ("thumbnail", "mail")
    path.write_text("mine", encoding="utf-8")
    code, _, err = typed(capsys, monkeypatch, "workload", "new", str(path))
    assert code == 64 and "is there already" in err
    assert path.read_text(encoding="utf-8") == "mine"
    code, _, err = typed(capsys, monkeypatch, "workload", "new", str(path / "below.toml"))
    assert code == 64 and "cannot be written" in err
    other = str(tmp_path / "other.toml")
    code, out, _ = typed(capsys, monkeypatch, "workload", "new", other, "--json")
    assert code == 0 and json.loads(out) == {"file": other}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["workload", "nwe", "x.toml"], "Did you mean 'new'"),
        (["workload", "check"], "Missing argument 'FILE'"),
        (["workload", "check", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["check", "--base", "floor", "--aa", "--workload", "nowhere.toml"], "cannot be read"),
    ],
)
def test_bad_words_of_the_other_commands(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    args: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = typed(capsys, monkeypatch, *args)
    assert code == 64 and words in err
    assert not list(tmp_path.iterdir())


def test_a_gate_whose_budget_holds_no_three_blocks_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path)
    asked = ("check", "--base", "floor", "--aa", "--workload", file, "--budget", "5m")
    code, _, err = typed(capsys, monkeypatch, *asked)
    assert code == 64 and "3 times are the least" in err
    wrong = (*asked[:-1], "30m", "--fail-on", "throughput")
    code, _, err = typed(capsys, monkeypatch, *wrong)
    assert code == 64 and "no chosen case measures it" in err


# ---- The import of the user's functions ------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop_tasks.py").write_text(
        "NUMBER = 3\n"
        "def mail(to, *, size=1): return to\n"
        "def plain(): return 1\n"
        "async def later(): return 1\n"
        "class Shop:\n"
        "    @staticmethod\n"
        "    def buy(what): return what\n",
        encoding="utf-8",
    )
    (tmp_path / "shop_broken.py").write_text("\nimport no_such_module_here\n", encoding="utf-8")
    (tmp_path / "shop_exits.py").write_text("import os\nos._exit(7)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("shop_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("shop_tasks:plain", None),
        ("shop_nowhere:mail", "ModuleNotFoundError: No module named 'shop_nowhere'"),
        ("shop_broken:mail", "No module named 'no_such_module_here' (shop_broken.py:2)"),
        ("shop_tasks:post", "shop_tasks has no post"),
        ("shop_tasks:NUMBER", "is no function but int"),
        ("shop_tasks:later", "is an async function"),
        ("shop_tasks:mail", "missing a required argument: 'to'"),
    ],
)
def test_a_function_is_tried_without_being_called(shop: Path, call: str, words: str | None) -> None:
    fault = tried(call, None)
    if words is None:
        assert fault is None
    else:
        assert fault and words in str(fault["said"]) and fault["key"] == "call"


def test_each_shape_of_arguments_is_held_against_the_function(shop: Path) -> None:
    lines = ['["a"]', '["b"]', '{"to": "a", "size": 2}', '["a", "b"]', "[]"]
    args = shop / "args.jsonl"
    args.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fault = tried("shop_tasks:mail", str(args))
    assert fault and (fault["key"], fault["line"]) == ("args", 4)
    assert "mail(to, *, size=1) (args.jsonl:4): too many positional arguments" in str(fault["said"])
    args.write_text('\ufeff["a"]\r\n{"what": 1}\r\n', encoding="utf-8")
    fault = tried("shop_tasks:Shop.buy", str(args))
    assert fault is None
    args.write_text('{"amount": 1}\n', encoding="utf-8")
    fault = tried("shop_tasks:Shop.buy", str(args))
    assert fault and "missing a required argument: 'what'" in str(fault["said"])


def load_with(folder: Path, call: str, more: str = "") -> Path:
    path = folder / "load.toml"
    path.write_text(
        f'[[task]]\nname = "a"\ncpu_ms = 1\nshare = 1\n[[task]]\nname = "b"\nshare = 1\n'
        f'call = "{call}"\n{more}\n[arrivals]\nrate = 1\nseconds = 9\n',
        encoding="utf-8",
    )
    return path


def test_the_import_in_the_environment_of_an_arm_is_refused_with_the_line(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = [parse_arm(text, load_adapters()) for text in ("floor", "huey")]
    refuse_unusable_code(arms, read_workload(load_with(shop, "shop_tasks:plain")), ())
    asked = []
    faults = user_code._faults
    monkeypatch.setattr(
        user_code, "_faults", lambda arm, *rest: asked.append(arm.name) or faults(arm, *rest)
    )
    broken = read_workload(load_with(shop, "shop_broken:mail"))
    with pytest.raises(UsageError, match=r"load.toml:8: shop_broken:mail cannot be imported: .*"):
        refuse_unusable_code(arms, broken, ())
    assert asked == ["floor/default"], "both run in the same environment"
    exits = (
        r"load.toml:8: shop_exits:mail cannot be imported: its import ended Python with status 7 "
        r"\(floor/default, Python "
    )
    with pytest.raises(UsageError, match=exits):
        refuse_unusable_code(arms, read_workload(load_with(shop, "shop_exits:mail")), ())


def test_of_several_functions_the_one_whose_import_ends_python_is_named(shop: Path) -> None:
    path = load_with(shop, "shop_tasks:plain")
    more = '[[task]]\nname = "c"\nshare = 1\ncall = "shop_exits:mail"\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    with pytest.raises(UsageError, match=r"load.toml:16: shop_exits:mail cannot be imported: its "):
        refuse_unusable_code([parse_arm("floor", load_adapters())], read_workload(path), ())


def test_requirements_that_cannot_be_installed_have_their_line(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_pip(arm: str, *_: object) -> None:
        raise UsageError(f"{arm} cannot be installed: nosuch==1: no such package")

    monkeypatch.setattr(provision, "environment_for", no_pip)
    arms = [parse_arm("floor", load_adapters())]
    file = read_workload(
        load_with(shop, "shop_tasks:plain", '[code]\nrequirements = ["nosuch==1"]\n')
    )
    with pytest.raises(UsageError, match=r"load.toml:10: floor/default cannot be installed: nosuc"):
        provisioned(arms, file, print, ())
    with pytest.raises(UsageError, match=r"^floor/default\[six==1\] cannot be installed"):
        provisioned([parse_arm("floor/default[six==1]", load_adapters())], None, print, ())


def test_no_value_that_is_handed_on_is_in_the_message(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DSN", "postgres://me:geheim@db/shop")
    (shop / "shop_dsn.py").write_text(
        "import os\nraise RuntimeError(os.environ['SHOP_DSN'], 'geheim', os.environ['MODE'])\n",
        encoding="utf-8",
    )
    more = '[code]\npass = ["SHOP_DSN"]\nenv = { MODE = "fast" }\n'
    file = read_workload(load_with(shop, "shop_dsn:mail", more))
    with pytest.raises(UsageError) as refused:
        refuse_unusable_code([parse_arm("floor", load_adapters())], file, ())
    said = str(refused.value)
    assert "geheim" not in said and "$SHOP_DSN" in said and "fast" in said


def test_what_the_functions_need_goes_into_every_environment_and_into_no_name(
    tmp_path: Path,
) -> None:
    more = 'requirements = ["pillow==12.0", "mine @ ../lib"]'
    file = read_workload(load_with(tmp_path, "shop:mail", f"[code]\n{more}\n"))
    asked = {each.name: each for each in required(file)}
    assert asked["pillow"].specifier == "==12.0"
    assert Path(asked["mine"].path) == tmp_path.parent / "lib", "from the file's own folder"
    known = load_adapters()
    plain, typed_arm = parse_arm("huey", known), parse_arm("huey/default[pillow==11.0]", known)
    ours, theirs = with_code([plain, typed_arm], file)
    assert ours.name == plain.name and {each.name for each in ours.asked} == {"pillow", "mine"}
    assert {each.text for each in theirs.asked if each.name == "pillow"} == {"pillow==11.0"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run"], ["--workload", "--find", "--find-minutes", "--fail-on"]),
        (["check"], ["--workload"]),
        (["workload"], ["new", "check"]),
        (["workload", "new"], ["FILE", "--json"]),
        (["workload", "check"], ["FILE", "--arm", "--pass", "--json", "--wait"]),
    ],
)
def test_the_help_names_every_option(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    words: list[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    code, out, _ = typed(capsys, monkeypatch, *args, "--help")
    assert code == 0
    assert [word for word in words if word not in out] == []
