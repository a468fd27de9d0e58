"""Python as JavaScript: the few constructs that the rules of the advice are written in.

`form_script` makes the script of a page of them, so that its form answers offline what the command
answers.

A module may hold imports (left out), constants (of a literal type if declared `Final`), frozen
dataclasses without methods, and functions of positional parameters whose last statement is a
`return`. What may stand in them is listed by the cases of `_statement` here and of `expression` in
`bench.advise.javascript_expressions`, by HOST and by METHODS. All else is refused with its line: a
construct that means something else in JavaScript would make the page answer otherwise than the
command.

* `and` and `or` give truth, not the last operand: as a value they are refused unless each operand
  is a comparison. Every other test goes through `truth`, because an empty list is true there.
* `in` asks a list or a text, never a mapping; a mapping is gone through by items, keys or values.
* A number in an f-string is a whole one, or stands in `short` or `plain`: 5.0 is `5` there.
* `+` adds numbers and texts; lists are joined by `[*one, *other]`.
"""

import ast
import inspect
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bench.advise import memory, percentile, ranking, rate, requirement, rules, sizing
from bench.advise.javascript_expressions import (
    LISTS,
    NotTranslatable,
    condition,
    expression,
    names_in,
    receiver,
    refused,
)

HOST = frozenset({"any", "float", "len", "min", "plain", "range", "short", "sorted", "sum"})
TAKEN = HOST | {"compare", "digits", "get", "truth"}  # all that python.js defines
WORDS = """
arguments case catch const debugger default delete do enum eval export extends false function
implements instanceof interface let new null package private protected public static super switch
this throw true typeof undefined var void
"""
RESERVED = frozenset(WORDS.split())


def form_script() -> str:
    """JavaScript that defines `advice.answer(asked, known)` and `advice.short(number)`.

    `asked` has the fields of `Asked`, `known` is what `facts` gives; the answer is a list of
    `Candidate` as plain objects.
    """
    host = (Path(__file__).parent / "python.js").read_text(encoding="utf-8")
    modules = (sizing, requirement, rate, percentile, memory, rules, ranking)
    own = translated(*(inspect.getsource(module) for module in modules))
    return (
        'const advice = (() => {\n"use strict";\n'
        f"{host}{own}\n"
        "return { answer, short };\n})();\n"
    )


def translated(*sources: str) -> str:
    """These modules as one piece of JavaScript, in their order; it needs `python.js` before it.

    Their names share one scope: NotTranslatable where one is defined twice, and for whatever stands
    outside of the subset.
    """
    statements = [each for source in sources for each in ast.parse(source).body]
    defined = [name for each in statements for name in _defined(each)]
    for name in defined:
        if defined.count(name) > 1 or name in TAKEN | RESERVED:
            raise NotTranslatable(f"{name} is defined twice, or means something in JavaScript")
    known = HOST | set(defined)
    return "\n".join(text for each in statements if (text := _of_module(each, known)))


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign() | ast.AnnAssign():
            yield from (each.id for each in names_in(node, ast.Store))


def _of_module(node: ast.stmt, known: Collection[str]) -> str:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant(value=str())):
            return ""
        case (
            ast.Assign(targets=[target], value=value)
            | ast.AnnAssign(
                annotation=ast.Name(id="Final"), target=target, value=ast.expr() as value
            )
        ):
            return f"const {receiver(target)} = {expression(value)};"
        case ast.ClassDef(bases=[], keywords=[]):
            return _dataclass(node)
        case ast.FunctionDef(decorator_list=[]):
            return _function(node, known)
    raise refused(node)


def _dataclass(node: ast.ClassDef) -> str:
    """A function that makes the object: in both languages it is called by the class's name."""
    fields, parameters = [], []
    for each in node.body:
        match each:
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case ast.AnnAssign(target=ast.Name(id=name), value=default):
                fields.append(name)
                parameters.append(f"{name} = {expression(default)}" if default else name)
            case _:
                raise refused(each)
    made = f"{{ {', '.join(fields)} }}"
    return f"function {node.name}({', '.join(parameters)}) {{ return {made}; }}"


def _function(node: ast.FunctionDef, known: Collection[str]) -> str:
    given = node.args
    others = (given.posonlyargs, given.kwonlyargs, given.vararg, given.kwarg, given.defaults)
    if any(others) or not isinstance(node.body[-1], ast.Return):
        raise refused(node)
    parameters = [each.arg for each in given.args]
    _check_names(node, parameters, known)
    # Those of a comprehension are its own.
    in_comprehensions = {
        id(name)
        for each in ast.walk(node)
        if isinstance(each, ast.comprehension)
        for name in names_in(each.target)
    }
    stored = (each for each in names_in(node, ast.Store) if id(each) not in in_comprehensions)
    own = [name for name in dict.fromkeys(each.id for each in stored) if name not in parameters]
    lines = [f"function {node.name}({', '.join(parameters)}) {{"]
    if own:
        lines.append(f"  let {', '.join(own)};")
    return "\n".join([*lines, *_block(node.body), "}"])


def _check_names(function: ast.FunctionDef, parameters: list[str], known: Collection[str]) -> None:
    """NotTranslatable for a name that is read and not known, or bound and taken in JavaScript."""
    bound = {*parameters, *(each.id for each in names_in(function, ast.Store))}
    for name in sorted(bound & (TAKEN | RESERVED)):
        raise NotTranslatable(f"{function.name}: {name} means something in JavaScript")
    for each in ast.walk(function):
        if isinstance(each, ast.AnnAssign):
            each.annotation = ast.Constant(value=None)  # its names say nothing to JavaScript
    for statement in function.body:
        for read in names_in(statement, ast.Load):
            if read.id not in bound and read.id not in known:
                raise refused(read)


def _block(statements: Sequence[ast.stmt]) -> Iterator[str]:
    return (f"  {line}" for each in statements for line in _statement(each))


def _statement(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            pass
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append")) as call):
            yield f"{expression(call)};"
        case ast.Return(value=ast.expr() as value):
            yield f"return {expression(value)};"
        case (
            ast.Assign(targets=[target], value=value)
            | ast.AnnAssign(target=target, value=ast.expr() as value)
        ):
            yield f"{receiver(target)} = {expression(value)};"
        case ast.AugAssign(target=ast.Name() as target, op=ast.Add(), value=value) if (
            not isinstance(value, LISTS)
        ):
            yield f"{receiver(target)} += {expression(value)};"
        case ast.Continue():
            yield "continue;"
        case ast.If(test=test, body=body, orelse=orelse):
            yield f"if ({condition(test)}) {{"
            yield from _block(body)
            if orelse:
                yield "} else {"
                yield from _block(orelse)
            yield "}"
        case ast.For(target=target, iter=values, body=body, orelse=[]):
            yield f"for ({receiver(target)} of {expression(values)}) {{"
            yield from _block(body)
            yield "}"
        case _:
            raise refused(node)
