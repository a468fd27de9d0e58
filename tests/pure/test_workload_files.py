"""A workload file is read as it was meant, or refused in one line with the file and its line."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.advise.asked import from_file
from bench.base.errors import EXIT_USAGE, UsageError
from bench.base.toml_lines import line_of
from bench.claims.form import load
from bench.workload.arrival_form import SteadyArrivals, SteppedArrivals, TraceArrivals
from bench.workload.quantities import duration_s, rate_per_s, size_bytes
from bench.workload.workload_file import TEMPLATE, WorkloadFile, read_workload

GOOD = """[[task]]
name = "a"
share = 1
sleep_ms = 5

[[task]]
name = "b"
share = 2

[arrivals]
rate = 10
seconds = 20

[objective]
p99_ms = 500
"""
TRACED = GOOD.replace("rate = 10\nseconds = 20", 'trace = "t.csv"')
CALLED = GOOD.replace("sleep_ms = 5", 'call = "shop:work"\nargs = "args.jsonl"')


def read(folder: Path, text: str | bytes, name: str = "shop.toml") -> WorkloadFile:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_workload(path)


def refusal(folder: Path, text: str | bytes) -> str:
    """What is said of a file, without the folder; it is one line and of exit code 64."""
    with pytest.raises(UsageError) as refused:
        read(folder, text)
    assert refused.value.exit_code == EXIT_USAGE
    said = str(refused.value)
    assert "\n" not in said
    return said.replace(f"{folder}/", "")


def test_a_file_is_read_as_it_was_meant(tmp_path: Path) -> None:
    workload = read(tmp_path, GOOD).workload
    assert workload.names == ("a", "b")
    assert workload.shares == pytest.approx((1 / 3, 2 / 3))
    assert workload.task[0].sleep_ms is not None
    assert (workload.task[0].sleep_ms.median, workload.task[0].sleep_ms.p99) == (5, 5)
    assert workload.arrivals.kind == "poisson"
    assert workload.objective.p99_ms == 500


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("share = 2", "shre = 2", 8, "unknown key of [[task]] 'shre': did you mean share?"),
        ("[objective]", "[objectiv]", 14, "unknown key of the file 'objectiv': did you mean obj"),
        ("p99_ms", "p95_ms", 15, "unknown key of [objective] 'p95_ms': did you mean p9"),
        ("seconds = 20", "second = 20", 12, "unknown key of [arrivals] 'second': did you mean s"),
        ("rate = 10", 'kind = "steps"\nrate = 10', 12, "unknown key of [arrivals] 'rate'"),
        ("sleep_ms = 5", "sleep_ms = {median = 5, p98 = 9}", 4, "unknown key of [task.sleep_ms]"),
        ("rate = 10\n", "", 10, "rate is missing in [arrivals]"),
        ('name = "b"\n', "", 6, "name is missing in [[task]]"),
        ("rate = 10", 'kind = "xyz"', 11, "unknown kind of arrivals 'xyz': known: poisson,"),
        ("sleep_ms = 5", "sleep_ms = {median = 5}", 4, "p99 is missing in [task.sleep_ms]"),
        ("share = 1", "share = -1", 3, "task.share: -1 is negative"),
        ("share = 1", "share = inf", 3, "task.share: inf is out of range"),
        ("share = 1", "share = nan", 3, "task.share: nan is out of range"),
        ("share = 1", "share = true", 3, "task.share: True is not a number"),
        ("share = 1", "share = 1" + "0" * 400, 3, "is out of range"),
        ("share = 1\n", "", 1, "a has no share of the arrivals"),
        ("share = 2\n", "", 6, "b has no share of the arrivals"),
        ("p99_ms = 500", "p99_ms = -500", 15, "objective.p99_ms: -500 is negative"),
        ("p99_ms = 500", "p99_ms = 0", 15, "objective.p99_ms: make it greater than 0"),
        ("share = 1", "share = 0x" + "f" * 5000, 3, "task.share: the number is out of range"),
        ("share = 1", "share = 1" + "0" * 5000, 3, "a number of more digits than Python reads"),
        ("share = 1", "share = " + "[" * 5000, 3, "tables or lists stand more than 20 deep"),
        ("share = 1", "share = " + "[" * 30 + "]" * 30, 3, "tables or lists stand more than 20"),
        ("share = 1", "share" + ".a" * 5000 + " = 1", 3, "tables or lists stand more than 20 d"),
        ("sleep_ms = 5", 'queue = "-x"', 4, "task.queue: '-x' is no name: write up to 60 letters"),
        ("sleep_ms = 5", "queue = 5", 4, "task.queue: write a text, in quotes"),
        ("rate = 10\nseconds = 20", "steps = 5", 11, "arrivals.steps: write a list, in square"),
        ("rate = 10\nseconds = 20", "steps = []", 11, "list is too short: 1 or more belong"),
        ("rate = 10", "kind = 0x" + "f" * 5000, 11, "write it as a text: poisson, steady"),
        ("p99_ms = 500", "[objective.task]\na = 5", 16, "objective.task.a: write a table: key"),
        ("[objective]", '[code]\nrequirements = "pillow"', 15, "code.requirements: write a list"),
        ("[objective]", '[code]\nenv = {A = "x\\u0000"}', 15, "code.env.A: a variable cannot hold"),
        ("[objective]", '[code]\nenv.B = "1"\nenv.A = "\\u0000"', 16, "code.env.A: a variable c"),
        ("[objective]", '[code]\npath = "no"', 15, "there is no folder "),
        ("[objective]", '[code]\npath = "\\u0000"', 15, "there is no folder "),
        ("[objective]", '[code]\npath = "' + "x" * 5000 + '"', 15, "there is no folder "),
        ("p99_ms = 500", "lost = 0.5", 15, "objective.lost: 0.5 is not a whole number"),
        ("p99_ms = 500", "[objective.task.c]\nlost = 0", 15, "unknown task 'c': known: a, b"),
        ("p99_ms = 500", "[objective.task.a]\nloss = 0", 16, "unknown key of [objective.task.a]"),
        ("sleep_ms = 5", 'sleep_ms = "5"', 4, "task.sleep_ms: '5' is not a number"),
        ("sleep_ms = 5", "sleep_ms = 1e9", 4, "task.sleep_ms: make it 3,600,000 or less"),
        ("sleep_ms = 5", "sleep_ms = {median = 5, p99 = 4}", 4, "p99 is below the median"),
        ("sleep_ms = 5", "sleep_ms = {median = 0, p99 = 4}", 4, "1,000 times the median"),
        ("sleep_ms = 5", "fails = 1.5", 4, "task.fails: make it 1 or less"),
        ("sleep_ms = 5", "retries = 0.5", 4, "0.5 is not a whole number"),
        ("sleep_ms = 5", 'payload = "4 Kib"', 4, "'4 Kib' is not such a quantity: write '4 KiB'"),
        ("sleep_ms = 5", 'payload = "0,5 KiB"', 4, "is not such a quantity"),
        ("sleep_ms = 5", 'payload = "1 GiB"', 4, "make it 536,870,912 or less"),
        (
            "sleep_ms = 5",
            'priority = "urgent"',
            4,
            "priority: write 'low', 'normal' or 'high'",
        ),
        ("sleep_ms = 5", "limit_s = 0", 4, "task.limit_s: make it greater than 0"),
        ("sleep_ms = 5", 'call = "shop.work"', 4, "task.call: 'shop.work' is no function: write"),
        ("sleep_ms = 5", 'sleep_ms = 5\ncall = "shop:work"', 4, "sleep_ms is of a synthetic task"),
        ("sleep_ms = 5", 'args = "args.jsonl"', 4, "args are of a function: name it by call"),
        ('name = "b"', 'name = "a"', 7, "there are two tasks 'a': rename one"),
        ('name = "b"', 'name = "b c"', 7, "task.name: 'b c' is no name: write up to 60 l"),
        ("rate = 10", "rate = 0", 11, "arrivals.rate: make it greater than 0"),
        ("rate = 10", 'rate = "10 s"', 11, "'10 s' is not such a quantity: write '50/s'"),
        ("seconds = 20", "seconds = 1e6", 12, "arrivals.seconds: make it 86,400 or less"),
        ("seconds = 20", "seconds = 0.01", 10, "these are 0.1 arrivals: make it 1 to 5,000,000"),
        ("rate = 10", "rate = 500000", 10, "these are 10,000,000.0 arrivals"),
        ("rate = 10\nseconds = 20", "steps = []", 11, "arrivals.steps: "),
        ("rate = 10\nseconds = 20", 'steps = ["60s"]', 11, "'60s' is not a step: write"),
        ("rate = 10\nseconds = 20", 'steps = [["60s", "-5/s"]]', 11, "is not such a quantity"),
        ("rate = 10\nseconds = 20", "trace = 5", 11, "arrivals.trace: write a text, in quotes"),
        ("rate = 10\nseconds = 20", 'trace = "t.csv"\nspeed = 0', 12, "make it 0.001 or more"),
        ("[arrivals]", "[[arrivals]]", 10, "write [arrivals] with one bracket"),
        ("share = 1", "share =", 3, "this is not TOML: Invalid value"),
        ("share = 1", "share = 1\nshare = 1", 4, "this is not TOML: Cannot overwrite a value"),
        ("p99_ms = 500", "p99_ms = [", 15, "this is not TOML: "),
        ("[objective]", '[code]\nrequirements = ["a b"]', 15, "'a b' is not a requirement"),
        ("[objective]", "[code]\nenv = {A = 1}", 15, "code.env.A: write a text, in quotes"),
        ("[objective]", '[code]\nenv = {"A B" = "1"}', 15, "code.env.A B: 'A B' is no name of a"),
        ("[objective]", '[code]\npass = ["A=1"]', 15, "code.pass: 'A=1' is no name of a var"),
        ("[objective]", '[code]\npasses = ["A"]', 15, "unknown key of [code] 'passes': did you me"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if "[code]" in new:
        text = text.replace("p99_ms = 500\n", "")
    said = refusal(tmp_path, text)
    assert said.startswith(f"shop.toml:{line}: ")
    assert words in said


def test_shares_that_sum_to_nothing(tmp_path: Path) -> None:
    text = re.sub(r"share = \d", "share = 0", GOOD)
    assert refusal(tmp_path, text).startswith("shop.toml:3: the shares add up to nothing")


def test_a_task_in_one_bracket_and_none_at_all(tmp_path: Path) -> None:
    text = '[task]\nname = "a"\n\n[arrivals]\nrate = 1\nseconds = 5\n'
    assert refusal(tmp_path, text).startswith("shop.toml:1: write [[task]] with two brackets")
    assert refusal(tmp_path, "[arrivals]\nrate = 1\nseconds = 5\n") == (
        "shop.toml:1: task is missing"
    )
    assert refusal(tmp_path, "") == "shop.toml:1: task is missing"
    listed = refusal(tmp_path, text.replace("[task]", "[[tasks]]").replace("name", "task = [1]#"))
    assert listed.startswith("shop.toml:1: unknown key of the file 'tasks': did you mean task")
    listed = refusal(tmp_path, 'task = ["a"]\n' + text.partition("\n\n")[2])
    assert listed.startswith("shop.toml:1: task: write a table: keys and values in braces")


def test_the_line_is_that_where_the_statement_begins(tmp_path: Path) -> None:
    steps = 'steps = [  # two\n  ["10s", "5/s"],\n  ["10s", 1, 2, 3],\n]'
    text = GOOD.replace("rate = 10\nseconds = 20", steps)
    assert refusal(tmp_path, text).startswith("shop.toml:11: arrivals.steps: ['10s', 1, 2, 3]")
    quoted = GOOD.replace("share = 2", 'queue = """\n[arrivals]\nrate = 0"""\n"sh\\u0072e" = 2')
    assert refusal(tmp_path, quoted).startswith("shop.toml:11: unknown key of [[task]] 'shre'")


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    bad = GOOD.replace("share = 2", "shre = 2")
    for text in (bad.replace("\n", "\r\n"), "\ufeff" + bad, bad.replace("= 5", "= 5 # \u2028")):
        assert refusal(tmp_path, text).startswith("shop.toml:8: ")
    assert read(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n")).workload.names == ("a", "b")


@given(st.integers(1, 40), st.integers(0, 39))
def test_a_line_is_found_among_many(tasks: int, wanted: int) -> None:
    wanted %= tasks
    text = "".join(f"# {n}\n[[task]]\n\nname = 'n{n}'\n" for n in range(tasks))
    assert line_of(text, ("task", wanted)) == 4 * wanted + 2
    assert line_of(text, ("task", wanted, "name")) == 4 * wanted + 4
    assert line_of(text, ()) == 1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path, GOOD.encode().replace(b'"b"', b'"\xff"')).startswith(
        "shop.toml:7: save it as UTF-8"
    )
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_workload(path)
    assert "1,048,576 are the most" in refusal(tmp_path, GOOD + "# x\n" * 300_000)


@pytest.mark.parametrize("kind", ["device", "pipe", "too large", "a name with NUL"])
def test_a_file_without_an_end_is_refused_before_it_is_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "strange"
    if kind == "device":
        path = Path("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "too large":
        with open(path, "wb") as file:
            file.truncate(2**30 + 1)
    name = "a\\u0000b" if kind == "a name with NUL" else str(path)
    for text, line, old in ((CALLED, 5, "args.jsonl"), (TRACED, 11, "t.csv")):
        said = refusal(tmp_path, text.replace(old, name))
        assert said.startswith(f"shop.toml:{line}: ")
        assert "cannot be" in said
    if kind in ("device", "pipe"):
        with pytest.raises(UsageError, match="it is a pipe or a device: name a regular file"):
            read_workload(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 5000, "asked.toml:1: tables or lists stand more than 20 deep"),
        ("\na = 1" + "0" * 5000, "asked.toml:2: a number of more digits than Python reads"),
        ("\n\na =", "asked.toml:3: this is not TOML: Invalid value"),
        (None, "it is a pipe or a device: name a regular file"),
    ],
)
def test_other_files_of_toml_go_by_the_same_reader(
    tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "asked.toml"
    if text is None:
        os.mkfifo(path)
    else:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=re.escape(words)):
            load(tmp_path)
    with pytest.raises(UsageError, match=re.escape(words)):
        from_file(path)


def test_the_users_code_must_have_a_folder_and_arguments(tmp_path: Path) -> None:
    lacking = CALLED.replace("[objective]", '[code]\npath = "src"\n\n[objective]')
    assert refusal(tmp_path, lacking).startswith("shop.toml:16: there is no folder src")
    assert refusal(tmp_path, CALLED).startswith("shop.toml:5: args.jsonl cannot be read: No such")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no arguments are in it"),
        ('[1]\n{"a": 2}\n3\n', 3, "write a list, or an object"),
        ("[1]\n[1,]\n", 2, "this is not JSON"),
        ("[1]\n\n[2]\n", 2, "this is not JSON"),
        ("[1]\n[NaN]\n", 2, "NaN is no value of JSON"),
        ('[1]\n["\udcff"]\n', 2, "save it as UTF-8"),
        ("[1]\n[1e999]\n", 2, "1e999 is out of range"),
        ("[1]\n[-1e999]\n", 2, "-1e999 is out of range"),
        ("[1]\n[1" + "0" * 5000 + "]\n", 2, "a number of 5,001 digits"),
        ("[1]\n" + "[" * 100_000 + "\n", 2, "lists or objects stand more than 100 deep"),
        ("[1]\n" + "[" * 101 + "]" * 101 + "\n", 2, "lists or objects stand more than 100 deep"),
        ('[1]\n{"a": 1, "b": {"c": 1, "c": 2}}\n', 2, "'c' stands in one object twice"),
    ],
)
def test_bad_arguments(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "args.jsonl").write_bytes(text.encode("utf-8", "surrogateescape"))
    said = refusal(tmp_path, CALLED)
    assert said.startswith(f"args.jsonl:{line}: ")
    assert words in said


def test_arguments_are_counted_and_only_their_digest_is_kept(tmp_path: Path) -> None:
    (tmp_path / "args.jsonl").write_text('\ufeff["é"]\r\n{"a": [1, 2]}', encoding="utf-8")
    arguments = read(tmp_path, CALLED).arguments["a"]
    assert arguments.sizes.tolist() == [6, 13]
    (tmp_path / "args.jsonl").write_text('["é"]\n{"a": [1, 3]}', encoding="utf-8")
    assert read(tmp_path, CALLED).arguments["a"].digest != arguments.digest


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no arrival is in it: write lines such as 0.5,a"),
        ("seconds,task\n", 1, "no arrival is in it"),
        ("0.5,a\n0.4,b\n", 2, "0.4 s comes after 0.5 s: sort the lines by their time"),
        ("seconds,task\n0.5,a\n0.7,c\n", 3, "unknown task 'c': known: a, b"),
        ('"0,5",a\n', 1, "with a decimal point"),
        ("0,5,a\n", 1, "with a decimal point"),
        ("0.5,a\n0,7,a\n", 2, "with a decimal point"),
        ("0,5;a\n", 1, "with a decimal point"),
        ("0.5;a\n", 1, "with a decimal point"),
        ("seconds\n0,5\n", 2, "with a decimal point"),
        ("0.5,a\n-1,a\n", 2, "from 0 on"),
        ("0.5,a\ninf,a\n", 2, "from 0 on"),
        ("0.5,a\nnan,a\n", 2, "from 0 on"),
        ("0.5,a\n0.7\n", 2, "is not `seconds,task`"),
        ("time,task\n0.5,a\n", 1, "is not `seconds,task`"),
        ("1764144000,a\n", 1, "subtract that from all of them"),
        ("0.5,a\n0.7,\udcff\n", 2, "save it as UTF-8"),
        ("0.5,a\n1e300,a\n", 2, "1e300 is out of range"),
        ("1_0,a\n", 1, "with a decimal point"),
        ("١٢,a\n", 1, "with a decimal point"),
        ("0.5,a\n0x1,a\n", 2, "with a decimal point"),
    ],
)
def test_a_bad_trace(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    said = refusal(tmp_path, TRACED)
    assert said.startswith(f"t.csv:{line}: ")
    assert words in said


@pytest.mark.parametrize(
    "text",
    [
        "0,a\n0.5,b\n0.5,a\n",
        "seconds,task\n0,a\n0.5,b\n0.5,a",
        "\ufeffseconds,task\r\n0,a\r\n0.5,b\r\n0.5,a\r\n",
        "0,a\r\n5e-1,b\r\n0.5, a\r\n\r\n",
    ],
)
def test_marks_and_ends_of_lines_change_no_arrival(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())
    trace = read(tmp_path, TRACED).trace
    assert trace is not None and trace.kinds is not None
    assert trace.seconds.tolist() == [0, 0.5, 0.5]
    assert trace.kinds.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("trace", "more", "line", "words"),
    [
        ("0,a\n1,a\n", "speed = 1e-300", 12, "arrivals.speed: make it 0.001 or more"),
        ("0,a\n1,a\n", "speed = 1e9", 12, "arrivals.speed: make it 1,000,000 or less"),
        ("0,a\n100,a\n", "speed = 0.001", 12, "the trace lasts 100,000 s, and 86,400 s are"),
        ("0,a\n1e9,a\n", "", 11, "the trace lasts 1,000,000,000 s"),
    ],
)
def test_a_trace_that_lasts_too_long(
    tmp_path: Path, trace: str, more: str, line: int, words: str
) -> None:
    (tmp_path / "t.csv").write_text(trace, encoding="utf-8")
    said = refusal(tmp_path, TRACED.replace('"t.csv"', f'"t.csv"\n{more}'))
    assert said.startswith(f"shop.toml:{line}: ") and words in said


def test_a_trace_of_times_alone_leaves_the_types_to_the_shares(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("seconds\n0\n1.5\n", encoding="utf-8")
    trace = read(tmp_path, TRACED).trace
    assert trace is not None and trace.kinds is None


def test_a_trace_that_names_its_tasks_needs_no_shares(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("0,b\n", encoding="utf-8")
    without = re.sub(r"share = \d\n", "", TRACED)
    assert read(tmp_path, without).workload.shares == (0.5, 0.5)


def test_the_template_is_valid_as_it_is(tmp_path: Path) -> None:
    template = read_workload(TEMPLATE).workload
    assert [task.call for task in template.task] == [None, None]
    assert set(template.objective.task) <= set(template.names)
    assert TEMPLATE.read_text(encoding="utf-8").isascii()
    assert read(tmp_path, TEMPLATE.read_bytes()).workload == template


def test_what_the_template_shows_in_comments_is_valid_too(tmp_path: Path) -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    keys = re.sub(r"^# (memory|queue|priority|limit_s) =", r"\1 =", text, flags=re.MULTILINE)
    assert keys.count("\n# ") == text.count("\n# ") - 4
    code = text.index("# [[task]]"), text.index("# ---- What arrives")
    (tmp_path / "invoices.jsonl").write_text("[1]\n", encoding="utf-8")
    shown = keys.replace(text[slice(*code)], re.sub("(?m)^# ?", "", text[slice(*code)]))
    workload = read(tmp_path, shown).workload
    assert workload.task[2].call and workload.code.passed and workload.code.env
    assert workload.task[1].priority == "low" and workload.task[0].memory is not None
    blocks = re.findall(r"(?:^# ?\[arrivals\]\n)((?:# ?\w.*\n)+)", text, re.MULTILINE)
    assert len(blocks) == 2
    own = re.search(r"^kind = .*\nrate = .*\nseconds = .*\n", text, re.MULTILINE)
    assert own is not None
    (tmp_path / "requests.csv").write_text("0.513,thumbnail\n", encoding="utf-8")
    for block, kind in zip(blocks, (SteppedArrivals, TraceArrivals), strict=True):
        read_as = read(tmp_path, text.replace(own[0], re.sub("(?m)^# ?", "", block)))
        assert isinstance(read_as.workload.arrivals, kind)
    steady = read(tmp_path, text.replace('"poisson"', '"steady"', 1)).workload.arrivals
    assert isinstance(steady, SteadyArrivals)


def test_the_template_is_package_data() -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["bench.workload"]
    assert any(TEMPLATE.match(pattern) for pattern in patterns)


def test_quantities() -> None:
    assert [size_bytes(text) for text in (7, "7 B", "4 KiB", "4KB", "1.5 MiB")] == (
        [7, 7, 4096, 4000, 1572864]
    )
    assert [duration_s(text) for text in (7, "500ms", "90s", "10m", "1.5 h")] == (
        [7, 0.5, 90, 600, 5400]
    )
    assert [rate_per_s(text) for text in (7, "50/s", "300/m", "7200/h")] == [7, 50, 5, 2]
