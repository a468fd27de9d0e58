"""Every file of ours is UTF-8 by name, whatever the locale says; those of others may have a BOM."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.advise import asked
from bench.base.errors import UsageError
from bench.check import gate_file as gate
from bench.claims.form import load
from bench.record import documents, store
from tests.fixture_run import write_run
from tools.gate_lab.recordings import read_recordings

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "adapters", "scenarios")
# `open` of these is no file in text mode.
OTHERS = ("os", "tarfile", "testbed", "made")


def unnamed(source: bytes) -> Iterator[int]:
    """The lines on which a text is read or written in the locale's encoding."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and _text(call) and not _named(call, "encoding"):
            yield call.lineno


def _text(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    owner = getattr(getattr(call.func, "value", None), "id", "")
    if name == "open" and owner not in OTHERS:
        at = 1 if isinstance(call.func, ast.Name) else 0
        mode = _named(call, "mode") or (call.args[at] if len(call.args) > at else None)
        return not (isinstance(mode, ast.Constant) and "b" in str(mode.value))
    if name == "read_text":
        return not call.args  # of a package's metadata: the name of a file, always UTF-8
    if owner == "subprocess":
        return bool(_named(call, "text") or _named(call, "universal_newlines"))
    return name in ("write_text", "NamedTemporaryFile", "fdopen", "TextIOWrapper", "getoutput")


def _named(call: ast.Call, word: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == word), None)


def test_every_text_file_and_program_of_the_product_names_its_encoding() -> None:
    """The linter's rule sees a path only where it is made in the same line; this one sees all."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in unnamed(path.read_bytes())
    ]
    assert found == []


def test_what_names_none_is_found() -> None:
    source = (
        b"a.read_text()\n(b / 'c').write_text(d)\nopen(e)\nopen(f, 'rb')\n"
        b"g.read_text(encoding='utf-8')\nsubprocess.run(h, text=True)\ni.open('a')\n"
    )
    assert sorted(unnamed(source)) == [1, 2, 3, 6, 7]


def _arranged(folder: Path, name: str, text: str, as_bytes: Callable[[str], bytes]) -> Path:
    path = folder / name
    path.write_bytes(as_bytes(text))
    return path


def _with_bom(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8-sig")


def _latin1(text: str) -> bytes:
    return text.encode("latin-1")


CLAIMS = '[source]\nname = "für"\ndate = "a"\nversions = "b"\nmethod = "c"\n'
GATE = "[check]\n# für alle\nbase = 'huey/process'\n"
ASKED = "# für alle\nrate = 100\n"
BLOCKS = (
    "recording,base,head,block,burst/-/throughput base,burst/-/throughput head\nfür,a,b,0,1,1.1\n"
)
READ_FROM: dict[str, tuple[str, Callable[[Path], object]]] = {
    "bench.toml": (GATE, lambda path: gate.from_file(path.parent)),
    "asked.toml": (ASKED, asked.from_file),
    "blocks.csv": (BLOCKS, read_recordings),
    "claims.toml": (CLAIMS, lambda path: load(path.parent)),
    "run.json": ('{"label":\n "für"}\n', documents.read_json),
}


@pytest.mark.parametrize("name", READ_FROM)
def test_what_others_write_may_have_a_bom_and_crlf(name: str, tmp_path: Path) -> None:
    text, read = READ_FROM[name]
    plain = read(_arranged(tmp_path, name, text, str.encode))
    assert plain
    assert read(_arranged(tmp_path, name, text, _with_bom)) == plain


@pytest.mark.parametrize("name", READ_FROM)
def test_what_is_no_utf_8_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    text, read = READ_FROM[name]
    with pytest.raises(UsageError) as error:
        read(_arranged(tmp_path, name, text, _latin1))
    assert name in str(error.value) and "\n" not in str(error.value)


def test_measures_may_have_a_bom_and_crlf(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("-",)}, ("huey",), label="für")
    for name in ("measures.csv", "run.json"):
        path = run.path / name
        path.write_bytes(_with_bom(path.read_text(encoding="utf-8")))
    again = store.open_run(run.path)
    assert again.measures.equals(run.measures) and again.manifest.label == "für"


def test_a_name_that_is_no_utf_8_comes_back(tmp_path: Path) -> None:
    documents.write_json(tmp_path / "a.json", {"path": "gr\udcfcn"})
    assert documents.read_json(tmp_path / "a.json") == {"path": "gr\udcfcn"}
    assert json.loads((tmp_path / "a.json").read_bytes().decode("utf-8"))
