"""Every file of ours is UTF-8 by name, whatever the locale says."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("bench", "adapters", "scenarios")
# `open` of these is no file in text mode.
OTHERS = ("os", "stage", "made")


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
