"""The page on architecture tells of the files that are there; lines end at 100 columns; one name is
one thing."""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import newcomer

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("bench", "scenarios", "adapters")
COLUMNS = 100
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PICTURE = PAGE.partition("```mermaid\n")[2].partition("```")[0]
TABLE = [line for line in PAGE.splitlines() if line.startswith("| ")][2:]
PARAGRAPHS = re.findall(r"^\*\*`([^`]+)/`\*\*", PAGE, re.MULTILINE)
PROSE = sorted(
    path
    for pattern in ("README.md", "CHANGELOG.md", "docs/**/*.md", "results/*/README.md")
    for path in ROOT.glob(pattern)
)
FOLDERS = "|".join((*PRODUCT, "tests", "tools", "docs", "examples", "results", "reports"))
# In backticks, in a picture or bare, but no part of a longer path or of a link.
A_PATH = re.compile(rf"(?<![\w/.(-])(?:{FOLDERS})/[\w./*-]*[\w/*]")

# Names that stand for two things which belong together; all others are one thing each.
SHARED_MODULES: Mapping[str, str] = {
    "base": "what all folders rest on, and the contract that adapters outside of here import",
    "charts": "what a scenario draws, and what the scenarios' drawings share",
    "faults": "the faults, and what the settings of a system let one expect of each",
    "features": "what `bench features` asks for, and the trials of a system that answer it",
    "measure": "the command, the figures that scenarios share, and those of a scenario",
    "section": "a scenario's part of the page, and what a part of the page is",
    "testbed": "the folder, and the live cell that it is made of",
    "workload": "the reader's own load: what its file says, and its tasks in a system",
}
SHARED_CLASSES: Mapping[str, str] = {}


def parts(cell: str) -> list[str]:
    """The paths that a piece of the page names."""
    return A_PATH.findall(cell)


def found(path: str) -> bool:
    """Whether it is there; with NAME or another word in capitals in it, whether at least one is."""
    return any(ROOT.glob(re.sub(r"[A-Z]{4,}", "*", path).rstrip("/")))


@pytest.mark.parametrize("path", sorted({*parts(PICTURE), *parts("\n".join(TABLE))}))
def test_every_path_of_picture_and_table_exists(path: str) -> None:
    assert found(path)


def test_the_table_says_where_for_each_change() -> None:
    assert len(TABLE) > 20
    for line in TABLE:
        _, what, where, _, _ = line.split("|")
        assert what.strip() and parts(where), line


def test_every_folder_has_its_paragraph_and_every_paragraph_its_folder() -> None:
    inside = {f"bench/{path.parent.name}" for path in ROOT.glob("bench/*/__init__.py")}
    beside = {*PRODUCT[1:], "tools", "tests", "docs", "results", "reports", "examples"}
    assert sorted(PARAGRAPHS) == sorted(inside | beside)
    assert [name for name in PARAGRAPHS if not (ROOT / name).is_dir()] == []


def test_every_layer_is_a_folder_and_the_paragraphs_stand_in_their_order() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    height = {
        name.strip(): at for at, layer in enumerate(layers) for name in re.split("[|:]", layer)
    }
    package = ROOT / "bench"
    modules = [name for name in height if not (package / name).is_dir()]
    # `bench` itself, and the plugin that pytest finds by its name.
    assert sorted(modules) == ["cli", "pytest_plugin"]
    assert [name for name in modules if not (package / f"{name}.py").is_file()] == []
    order = [height[name.removeprefix("bench/")] for name in PARAGRAPHS if name.startswith("bench")]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("page", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_paths_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md":
        text = text.partition("\n## 0.")[0]  # what was released is told as it was then
    examples = newcomer.files_in(text)  # a page that shows how to add one gives it in full
    ours = [path for path in parts(text) if path.startswith(PRODUCT) and path not in examples]
    assert [path for path in ours if not found(path)] == []


def test_the_decisions_that_code_and_prose_name_exist() -> None:
    numbers = {path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")}
    mention = re.compile(r"decisions?[ /\n]+(\d+)")
    code = [path for name in (*PRODUCT, "tests") for path in (ROOT / name).rglob("*.py")]
    for path in (*PROSE, *code):
        named = mention.findall(path.read_text(encoding="utf-8"))
        assert {number.zfill(4) for number in named} <= numbers, path


def prose_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page that can be broken: no fenced code, no row of a table."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("|"):
            yield number, line


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_ends_at_100_columns(path: Path) -> None:
    """But for tables, fenced code, and a line that is one word, such as a link."""
    assert [number for number, line in prose_lines(path) if too_long(line)] == []


def test_code_ends_at_100_columns() -> None:
    files = [path for name in (*PRODUCT, "tests", "tools", "examples") for path in python(name)]
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if too_long(line)
    ]
    assert long == []


def python(name: str) -> list[Path]:
    return sorted((ROOT / name).rglob("*.py"))


def too_long(line: str) -> bool:
    """Longer than it may be, and made of more than one word that cannot be broken."""
    return len(line) > COLUMNS and len(line.removeprefix("#").split()) > 1


def kind(path: Path) -> str:
    """A place, the same for every system, every scenario and every family of brokers."""
    place = path.relative_to(ROOT).as_posix()
    place = re.sub(r"^(adapters|scenarios|bench/brokers)/\w+/", r"\1/NAME/", place)
    return place.replace("bench/selftest/synthetic/", "adapters/NAME/")  # an adapter like any other


def test_no_two_modules_share_a_name() -> None:
    """But for a command and the package that answers it."""
    places = defaultdict(set)
    for path in (path for name in PRODUCT for path in python(name)):
        module = path.parent if path.name == "__init__.py" else path
        if module.parent != ROOT:
            places[module.stem].add(kind(module))
    for name, where in places.items():
        answered = where == {f"bench/commands/{name}.py", f"bench/{name}"}
        told = f"{name}: {', '.join(sorted(where))}"
        assert len(where) == 1 or answered or name in SHARED_MODULES, told


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict(set)
    for path in (path for name in PRODUCT for path in python(name)):
        for name in re.findall(r"^ *class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            places[name].add(kind(path))
    shared = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    assert {name: shared[name] for name in shared if name not in SHARED_CLASSES} == {}


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("adding-*.md")))
def test_what_a_guide_imports_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    missing = []
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for node in ast.walk(ast.parse(block)):
            if not isinstance(node, ast.ImportFrom) or not str(node.module).startswith("bench"):
                continue
            module = import_module(str(node.module))
            for name in (alias.name for alias in node.names):
                if not hasattr(module, name) and find_spec(f"{node.module}.{name}") is None:
                    missing.append(f"{node.module}.{name}")
    assert missing == []
