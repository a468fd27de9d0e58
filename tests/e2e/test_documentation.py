"""What the documentation says to type is typed: line by line, as it stands, by somebody who has
just installed the wheel, in an empty folder outside of the checkout."""

import json
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from bench.base.git import git
from bench.cli import app
from tests import newcomer
from tests.newcomer import ROOT, environment, files_in, shell
from tests.pure.test_ci_files import steps

PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
SHELLS = ("sh", "bash", "shell", "console")
PROGRAMS = ("bench", "pip", "make")
PACKAGES = ("bench", "adapters", "scenarios")
# At most ten, each with its reason: what cannot be carried out where the tests run.
LEFT_OUT = {
    "docker compose run --rm bench run --size quick": "needs a Docker engine",
    "docker compose run --rm bench": "needs a Docker engine",
    "python -m tools.gate_lab record blocks.csv --blocks 24 --out pair "
    "--base 'rq/simple[rq==1.16.2]' --head 'rq/simple[rq==2.0.0]'": (
        "half an hour, in a checkout; its blocks are stored and replayed by a test"
    ),
    "bench compare 'pair#rq/simple[rq==1.16.2]' 'pair#rq/simple[rq==2.0.0]' --html page.html": (
        "reads the run of the line above"
    ),
    "bench doctor --hosts hosts.toml": "needs hosts of the reader's",
    "bench run burst latency recovery --hosts hosts.toml --workers 4": "needs the same",
    "bench check --base 'rq/simple[rq==2.12.0]' --head 'rq/simple[rq @ ../rq]' --budget 10m "
    "--threshold throughput=5% --write junit=junit.xml --write markdown=summary.md": (
        "ten minutes of the gate that README's line already measures; the files have tests"
    ),
}
# What `make test` carries out; all else takes minutes and is left to `make test-all`.
FIRST = (
    "bench run burst --out first",
    "bench report first",
    "bench measure first",
    "bench features --feature call --feature flow --out abilities",
    "bench report first --features abilities",
    "bench claims first --features abilities",
    "bench advise first --features abilities --rate 100 --p99-ms 50 --no-loss",
    "bench export first --slim --out small",
    "bench list",
    "bench doctor",
    "bench list --adapter tiny",
    "bench workload new mine.toml",
)
# Reasons outside of bench: somebody else is busy on this machine, or it is throttled.
OUTSIDE = ("foreign load", "generator", "throttled")
RESTS_ON = "its rate is a share of the capacity"  # whose cell has the reason
TRIED = ("call.", "flow.")
VERSIONS = "bench check --base 'rq/simple[rq==1.16.2]' --head 'rq/simple[rq==2.0.0]' --budget 10m"


@dataclass(frozen=True)
class Line:
    """A command as a page has it, without the remark behind it."""

    page: str
    text: str

    @property
    def typed(self) -> str:
        """With `--size smoke` where the command takes a size and names none; else as it stands."""
        if re.match(r"make (bench|quick)\b", self.text):
            return f'{self.text} ARGS="--size smoke"'
        sized = self.text.startswith("bench run") and not re.search("--(size|resume)", self.text)
        return f"{self.text} --size smoke" if sized else self.text

    @property
    def makes(self) -> set[str]:
        """The folders and files that later lines of the page may name."""
        return set(re.findall(r"(?:--out|^bench workload new) (\S+)", self.text))

    @property
    def reads(self) -> set[str]:
        """What it names, of that which an earlier line may have made."""
        words = {word.partition("#")[0] for word in shlex.split(self.text)}
        return words - self.makes


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """(language, text) of each fenced block."""
    for found in re.finditer(r"^( *)```(\w*)\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE):
        yield found[2], found[3]


def commands(text: str) -> Iterator[str]:
    """What a reader would type: every line of a shell's block, of a plain one what begins so."""
    for language, block in blocks(text):
        for line in re.sub(r" *\\\n *", " ", block).splitlines():
            line = re.sub(r"(^|\s+)# .*$", "", line.strip().removeprefix("$ "))
            ours = line.split(" ", 1)[0] in PROGRAMS
            if line and (language in SHELLS or (not language and ours)):
                yield line


def lines() -> list[Line]:
    """Every command of README.md and docs/*.md, in the order in which it stands there."""
    texts = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
    return [Line(page, line) for page, text in texts.items() for line in commands(text)]


LINES = lines()
CARRIED_OUT = [line for line in LINES if line.text not in LEFT_OUT]


@dataclass(frozen=True)
class Typed:
    """How a line ended, and when it began."""

    line: Line
    folder: Path
    began: float
    done: "subprocess.CompletedProcess[str]"

    @property
    def code(self) -> int:
        """How bench ended; make has a code of its own and tells that of bench in words."""
        told = re.search(r"^make(?:\[\d+\])?: .* Error (\d+)$", self.done.stderr, re.MULTILINE)
        return int(told[1]) if told else self.done.returncode

    def runs(self) -> list[dict[str, Any]]:
        """The runs that it made, went on with or read."""
        named = [self.folder / name / "run.json" for name in self.line.reads]
        written = self.written("run.json")
        return [json.loads(path.read_bytes()) for path in {*named, *written} if path.is_file()]

    def written(self, name: str) -> list[Path]:
        """The files of this name that it wrote."""
        found = self.folder.rglob(name)
        return [path for path in found if path.stat().st_mtime >= self.began]

    def only_disturbed(self) -> bool:
        """Whether all that is invalid in these runs is so for a reason outside of bench."""
        reasons = [reason for run in self.runs() for reason in invalid(run)]
        if "selftest" in self.line.text:
            reasons = re.findall("|".join(OUTSIDE), self.done.stdout)
        return bool(reasons) and all(reason.startswith(OUTSIDE) for reason in reasons)


def invalid(run: dict[str, Any]) -> list[str]:
    """The reasons of the cells that stand: of two tries the second."""
    again = {cell["retry_of"] for cell in run["cells"]}
    stand = [cell for cell in run["cells"] if cell["number"] not in again]
    reasons = [str(cell["reason"]) for cell in stand if cell["verdict"] == "invalid"]
    return [reason for reason in reasons if not reason.startswith(RESTS_ON)]


class Desk:
    """Where lines are typed: a folder for each page, and what earlier lines of it have made."""

    def __init__(self, base: Path, programs: Path) -> None:
        self.base, self.env = base, environment(programs, base / "cache")
        self.typed: dict[Line, Typed] = {}

    def type(self, line: Line) -> Typed:
        """Carry a line out, once, behind those that make what it names."""
        if line not in self.typed:
            for each in CARRIED_OUT[: CARRIED_OUT.index(line)]:
                if each.page == line.page and each.makes & line.reads:
                    self.type(each)
            self.typed[line] = self._type(line)
        return self.typed[line]

    def _type(self, line: Line) -> Typed:
        folder = self.clone() if line.text.startswith("make") else self.folder(line.page)
        if "../rq]" in line.text and not (self.base / "rq").exists():
            newcomer.sources_of("rq==2.12.0", self.base / "rq", self.env)
        began = time.time()
        return Typed(line, folder, began, shell(line.typed, folder, self.env))

    def folder(self, page: str) -> Path:
        """An empty one, but for the files that the page gives in full."""
        folder = self.base / Path(page).stem
        if not folder.exists():
            folder.mkdir()
            for name, text in files_in((ROOT / page).read_text(encoding="utf-8")).items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
        return folder

    def clone(self) -> Path:
        """A fresh clone, for what is typed in one."""
        folder = self.base / "clone"
        return folder if folder.exists() else newcomer.clone(folder)


@pytest.fixture(scope="module")
def desk(installed: Path) -> Iterator[Desk]:
    base = Path(tempfile.mkdtemp(prefix="newcomer-"))
    try:
        yield Desk(base, installed)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def cases() -> Iterator[Any]:
    for line in CARRIED_OUT:
        marks = [] if line.text in FIRST else [pytest.mark.slow]
        if "@rabbitmq" in line.text:
            lacking = shutil.which("rabbitmq-server") is None
            marks.append(pytest.mark.skipif(lacking, reason="no rabbitmq-server here"))
        yield pytest.param(line, marks=marks, id=f"{line.page}: {line.text}")


@pytest.mark.e2e
@pytest.mark.parametrize("line", list(cases()))
def test_a_line_does_what_it_says(desk: Desk, line: Line) -> None:
    typed = desk.type(line)
    done = typed.done
    told = f"{line.typed}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert typed.code in codes(line) or (typed.code == 4 and typed.only_disturbed()), told
    assert done.stdout.strip(), told
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr, told
    for name in line.makes:
        assert (typed.folder / name).exists(), f"{told}\nthere is no {name}"
    if line.text.startswith("bench features"):
        assert unknown(typed) == [], told


def codes(line: Line) -> set[int]:
    """Too noisy to tell is an answer of a gate; a regression only where the page says so."""
    if line.text == VERSIONS:
        return {1}
    return {0, 2} if line.text.startswith("bench check") else {0}


def unknown(typed: Typed) -> list[str]:
    """The trials of calls and flows that came to no end; all of them where there is none."""
    found = typed.written("features.json")
    assert len(found) == 1, f"{typed.line.text} wrote {found}"
    tried = json.loads(found[0].read_bytes())["findings"]
    ours = [each for each in tried if each["feature"].startswith(TRIED)]
    assert {each["feature"].partition(".")[0] + "." for each in ours} == set(TRIED)
    return [f"{each['system']} {each['feature']}" for each in ours if each["outcome"] == "unknown"]


@pytest.mark.e2e
@pytest.mark.slow
def test_the_action_does_what_its_page_says(desk: Desk) -> None:
    """Its steps as the runner runs them, with the inputs of docs/ci.md and a budget of a minute."""
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    example = next(block for language, block in blocks(page) if language == "yaml")
    given = next(step["with"] for step in YAML(typ="safe").load(example) if "with" in step)
    checkout = newcomer.sources_of("rq==2.12.0", desk.base / "theirs", desk.env)
    runner = desk.base / "runner"
    runner.mkdir()
    temp = {"RUNNER_TEMP": str(runner), "GITHUB_OUTPUT": str(runner / "output")}
    temp |= {"GITHUB_STEP_SUMMARY": str(runner / "summary.md"), "ACTION": str(desk.clone())}
    inputs = {"BASE": given["base"], "HEAD": given["head"], "BUDGET": "1m"}
    inputs |= {"THRESHOLD": "", "FAIL_ON": "", "INCONCLUSIVE": "pass"}
    began = time.time()
    for script in (step["run"] for step in steps("action.yml") if "run" in step):
        done = shell(f"set -eo pipefail\n{script}", checkout, {**desk.env, **temp, **inputs})
        told = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        typed = Typed(Line("action.yml", script), runner, began, done)
        assert done.returncode == 0 or (done.returncode == 4 and typed.only_disturbed()), told
        assert "Traceback" not in done.stderr, told
    assert re.fullmatch(r"exit-code=[024]\n", (runner / "output").read_text())
    assert "rq/simple" in (runner / "summary.md").read_text(encoding="utf-8")


def test_every_command_is_carried_out_or_left_out_for_a_reason() -> None:
    texts = [line.text for line in LINES]
    assert len(LEFT_OUT) <= 10 and set(LEFT_OUT) <= set(texts) and all(LEFT_OUT.values())
    assert set(FIRST) <= set(texts) and VERSIONS in texts
    assert [line for line in CARRIED_OUT if line.text.split(" ", 1)[0] not in PROGRAMS] == []


def test_what_is_typed_is_the_line_with_a_size() -> None:
    assert Line("", "bench run").typed == "bench run --size smoke"
    assert Line("", "make quick").typed == 'make quick ARGS="--size smoke"'
    for text in ("bench run --size quick", "bench run --resume x", "bench check --aa", "pip list"):
        assert Line("", text).typed == text
    assert list(commands("```sh\n# a\nbench a \\\n  b  # c\n\n```\n```\ntree # x\npip y\n```")) == [
        "bench a b",
        "pip y",
    ]


def test_every_file_of_the_packages_is_in_the_wheel(installed: Path) -> None:
    """Data that commands read is package data: templates, styles, published claims."""
    listed = git(ROOT, "ls-files", *PACKAGES).text.splitlines()
    assert any(name.endswith(".toml") for name in listed)
    there = next(installed.parent.glob("lib/python*/site-packages"))
    assert [name for name in listed if not (there / name).is_file()] == []


def test_no_command_reads_what_lies_beside_the_packages() -> None:
    """Beside them there is a checkout here, and nothing of ours where the wheel is installed."""
    beside = r'ROOT\s*/\s*"(?!(?:bench|adapters|scenarios)")'
    code = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    assert [str(path) for path in code if re.search(beside, path.read_text(encoding="utf-8"))] == []


def known_options() -> dict[str, set[str]]:
    """Command → the options that it has."""
    group: Any = typer.main.get_command(app)
    found = {}
    for name, command in group.commands.items():
        words = {word for each in command.params for word in (*each.opts, *each.secondary_opts)}
        found[name] = {*words, "--help"}
    return found


@pytest.mark.parametrize("page", (*PAGES, "CHANGELOG.md"))
def test_the_commands_and_options_that_a_page_speaks_of_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    options = known_options()
    prose = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)
    for words in (each.split() for each in [*commands(text), *re.findall(r"`([^`]+)`", prose)]):
        if words[:1] == ["bench"] and len(words) > 1 and re.fullmatch("[a-z]+", words[1]):
            assert words[1] in options, f"{page}: there is no bench {words[1]}"
            asked = {word.partition("=")[0] for word in words[2:] if word.startswith("--")}
            assert asked <= options[words[1]], f"{page}: {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_links_to_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [each for each in targets if not ((ROOT / page).parent / each).exists()] == []
