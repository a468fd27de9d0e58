"""The translator: each construct that the rules may use, and that it refuses all others."""

import re
from pathlib import Path

import pytest

from bench.advise import javascript
from bench.advise.javascript import TAKEN, translated
from bench.advise.javascript_expressions import NotTranslatable

EXPRESSIONS = [
    ("None", "null"),
    ("True", "true"),
    ("2", "2"),
    ("1.1", "1.1"),
    ("'a<b'", '"a\\u003cb"'),
    ("f'{a} of {len(b)} `$'", "`${a} of ${len(b)} \\`$`"),
    ("f'{{{a}}}<'", "`{${a}}\\u003c`"),
    ("a.b", "a.b"),
    ("a['b'][c]", 'a["b"][c]'),
    ("a[0]", "a[0]"),
    ("a[-1]", "a.at((-1))"),
    ("[a, *b]", "[a, ...b]"),
    ("(a, 1)", "[a, 1]"),
    ("a + b * c - a / b", "((a + (b * c)) - (a / b))"),
    ("-a", "(-a)"),
    ("a if b else c", "(truth(b) ? a : c)"),
    ("a is None", "(a === null)"),
    ("a is not False", "(a !== false)"),
    ("a == b", "(a === b)"),
    ("a != b", "(a !== b)"),
    ("a < b", "(a < b)"),
    ("a <= b", "(a <= b)"),
    ("a > b", "(a > b)"),
    ("a >= b", "(a >= b)"),
    ("a in (b, c)", "[b, c].includes(a)"),
    ("a not in b", "!b.includes(a)"),
    ("not a", "!truth(a)"),
    ("a is None or not b", "((a === null) || !truth(b))"),
    ("a == 1 and b == 2", "((a === 1) && (b === 2))"),
    ("a if b and not c else 0", "((truth(b) && !truth(c)) ? a : 0)"),
    ("min(a, b)", "min(a, b)"),
    ("sorted(a, key=b)", "sorted(a, b)"),
    ("a.get(b)", "get(a, b)"),
    ("a.get(b, {}).get(c, 0)", "get(get(a, b, ({})), c, 0)"),
    ("', '.join(a.keys())", 'Object.keys(a).join(", ")'),
    ("a.values()", "Object.values(a)"),
    ("a.startswith('b')", 'a.startsWith("b")'),
    ("[x for x in a]", "a"),
    ("[x.b for x in a if x.c]", "a.filter((x) => truth(x.c)).map((x) => x.b)"),
    ("sum(x for x in a if x > 1)", "sum(a.filter((x) => (x > 1)))"),
    (
        "[x + y for x, z in a.items() if z for y in b if y]",
        "Object.entries(a).filter(([x, z]) => truth(z))"
        ".flatMap(([x, z]) => b.filter((y) => truth(y)).map((y) => (x + y)))",
    ),
]

REFUSED = [
    "a or b",  # the last operand in Python
    "a and b",
    "a < b < c",
    "a == [1]",
    "a is b",
    "a // b",
    "a % b",
    "a ** b",
    "[a] + b",
    "a[1:]",
    "a[1, 2]",
    "{'a': b}",
    "{a}",
    "{x: x for x in a}",
    "lambda x: x",
    "(x := a)",
    "f'{a:g}'",
    "f'{a!r}'",
    "a.upper()",
    "a.get(b, c, c)",
    "a.get(b, default=c)",
    "sorted(a)",
    "max(a)",
    "unknown",
    "truth(a)",
    "~a",
    "b''",
    "1j",
]


def function(*lines: str) -> str:
    return "def f(a, b, c):\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(("python", "javascript"), EXPRESSIONS)
def test_an_expression(python: str, javascript: str) -> None:
    assert translated(function(f"return {python}")) == (
        f"function f(a, b, c) {{\n  return {javascript};\n}}"
    )


@pytest.mark.parametrize("python", REFUSED)
def test_what_means_something_else_is_refused(python: str) -> None:
    with pytest.raises(NotTranslatable):
        translated(function(f"return {python}"))


def test_statements() -> None:
    python = function(
        '"""What it gives."""',
        "low, high = a",
        "found: list[str] = []",
        "for each in b:",
        "    if each is None:",
        "        continue",
        "    elif low:",
        "        found.append(each)",
        "    else:",
        "        high += 1",
        "for low, _ in c.items():",
        "    found.append([each for each in low])",
        "return found",
    )
    declared = translated(python).splitlines()[1]
    assert declared.startswith("  let ") and declared.endswith(";")
    assert set(declared[6:-1].split(", ")) == {"low", "high", "found", "each", "_"}
    assert translated(python).splitlines()[2:] == [
        "  [low, high] = a;",
        "  found = [];",
        "  for (each of b) {",
        "    if ((each === null)) {",
        "      continue;",
        "    } else {",
        "      if (truth(low)) {",
        "        found.push(each);",
        "      } else {",
        "        high += 1;",
        "      }",
        "    }",
        "  }",
        "  for ([low, _] of Object.entries(c)) {",
        "    found.push(low);",
        "  }",
        "  return found;",
        "}",
    ]


def test_a_module() -> None:
    python = (
        '"""What it is."""\n'
        "from typing import Final\n"
        "import math\n"
        "ONE, TWO = 'one', 2\n"
        "THREE: Final = (3, 'three')\n"
        "@dataclass(frozen=True)\n"
        "class Check:\n"
        '    """A check."""\n'
        "    met: bool | None\n"
        "    room: float | None = None\n"
        "def f(points: list[int]) -> Check:\n"
        "    return Check(ONE, points)\n"
    )
    assert translated(python) == (
        'const [ONE, TWO] = ["one", 2];\n'
        'const THREE = [3, "three"];\n'
        "function Check(met, room = null) { return { met, room }; }\n"
        "function f(points) {\n  return Check(ONE, points);\n}"
    )


@pytest.mark.parametrize(
    "python",
    [
        "def f(a=1):\n    return a\n",
        "def f(*a):\n    return a\n",
        "def f(a, *, b):\n    return a\n",
        "def f(a):\n    a = 1\n",  # it would give undefined, not null
        "def f(a):\n    while a:\n        a = 0\n    return a\n",
        "def f(a):\n    a += [1]\n    return a\n",
        "def f(a):\n    a.b = 1\n    return a\n",
        "def f(a):\n    a[0] = 1\n    return a\n",
        "def f(a):\n    g(a)\n    return a\n",
        "def f(a):\n    try:\n        a = 1\n    finally:\n        a = 2\n    return a\n",
        "def f(a):\n    for b in a:\n        a = b\n    else:\n        a = 1\n    return a\n",
        "def f(a):\n    def g(b):\n        return b\n    return a\n",
        "def f(new):\n    return new\n",
        "def f(a):\n    short = a\n    return short\n",
        "def min(a):\n    return a\n",
        "def f(a):\n    return a\nf = 1\n",
        "def f(a):\n    return a\nf: Final = 1\n",
        "A: TypeAlias = list[int]\n",
        "@cache\ndef f(a):\n    return a\n",
        "class A(B):\n    a: int\n",
        "class A:\n    def f(self):\n        return 1\n",
        "if True:\n    A = 1\n",
        "async def f(a):\n    return a\n",
    ],
)
def test_a_statement_that_is_none_of_these_is_refused(python: str) -> None:
    with pytest.raises(NotTranslatable):
        translated(python)


def test_what_is_refused_is_named_with_its_line() -> None:
    with pytest.raises(NotTranslatable, match=re.escape("line 3: 'a % b' has no translation")):
        translated(function("c = 1", "return a % b"))


def test_what_the_translation_stands_on_is_there() -> None:
    text = (Path(javascript.__file__).parent / "python.js").read_text(encoding="utf-8")
    defined = re.findall(r"^(?:function|const) (\w+)", text, re.MULTILINE)
    assert sorted(defined) == sorted(TAKEN)
