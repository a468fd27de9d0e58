"""One expression in JavaScript; `bench.advise.javascript` says what differs from Python."""

import ast
import json
from collections.abc import Iterator, Sequence

# (method, number of arguments) → the same in JavaScript; {0} is the object that it is called on
METHODS = {
    ("append", 1): "{0}.push({1})",
    ("get", 1): "get({0}, {1})",
    ("get", 2): "get({0}, {1}, {2})",
    ("items", 0): "Object.entries({0})",
    ("join", 1): "{1}.join({0})",
    ("keys", 0): "Object.keys({0})",
    ("startswith", 1): "{0}.startsWith({1})",
    ("values", 0): "Object.values({0})",
}
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "({0} === {1})",
    ast.NotEq: "({0} !== {1})",
    ast.Lt: "({0} < {1})",
    ast.LtE: "({0} <= {1})",
    ast.Gt: "({0} > {1})",
    ast.GtE: "({0} >= {1})",
    ast.Is: "({0} === {1})",
    ast.IsNot: "({0} !== {1})",
    ast.In: "{1}.includes({0})",
    ast.NotIn: "!{1}.includes({0})",
}
LISTS = (ast.List, ast.ListComp, ast.Tuple)


class NotTranslatable(Exception):
    """A construct that the rules may not use."""


def refused(node: ast.AST) -> NotTranslatable:
    """What is raised for this construct, with its line."""
    return NotTranslatable(
        f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)!r} has no translation"
    )


def names_in(node: ast.AST, how: type[ast.expr_context] = ast.expr_context) -> Iterator[ast.Name]:
    """The names in it; with `how` only those that are stored to (ast.Store) or read (ast.Load)."""
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return (each for each in names if isinstance(each.ctx, how))


def receiver(node: ast.expr) -> str:
    """What a value is assigned to: a name, or several in brackets."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Tuple(elts=elements):
            return f"[{', '.join(receiver(each) for each in elements)}]"
    raise refused(node)


def condition(node: ast.expr) -> str:
    """An expression of which only the truth counts."""
    match node:
        case ast.BoolOp(op=op, values=values):
            sign = " && " if isinstance(op, ast.And) else " || "
            return f"({sign.join(condition(each) for each in values)})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"!{condition(operand)}"
        case ast.Compare():
            return _comparison(node)
    return f"truth({expression(node)})"


def expression(node: ast.expr) -> str:
    """Its value; what has operands stands in parentheses, so that no precedence differs."""
    match node:
        case ast.Constant(value=None | True | False | str() | int() | float() as constant):
            return _harmless(json.dumps(constant))
        case ast.JoinedStr(values=pieces):
            return f"`{''.join(_piece(each) for each in pieces)}`"
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name):
            return f"{expression(owner)}.{name}"
        # From the end only where that is written so, as in `[-1]`.
        case ast.Subscript(value=owner, slice=ast.UnaryOp(op=ast.USub()) as place):
            return f"{expression(owner)}.at({expression(place)})"
        case ast.Subscript(value=owner, slice=place) if not isinstance(place, ast.Tuple):
            return f"{expression(owner)}[{expression(place)}]"
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return f"[{', '.join(expression(each) for each in elements)}]"
        case ast.Starred(value=starred):
            return f"...{expression(starred)}"
        case ast.Dict(keys=[], values=[]):
            return "({})"
        case (
            ast.ListComp(elt=element, generators=generators)
            | ast.GeneratorExp(elt=element, generators=generators)
        ):
            return _comprehension(element, generators)
        case ast.BinOp(left=left, op=op, right=right) if (
            type(op) in ARITHMETIC and not isinstance(left, LISTS) and not isinstance(right, LISTS)
        ):
            return f"({expression(left)} {ARITHMETIC[type(op)]} {expression(right)})"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{expression(operand)})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return f"({condition(test)} ? {expression(body)} : {expression(orelse)})"
        case ast.Call():
            return _call(node)
        case ast.BoolOp() | ast.UnaryOp() | ast.Compare() if _is_comparison(node):
            return condition(node)
    raise refused(node)


def _comparison(node: ast.Compare) -> str:
    match node.ops, node.comparators:
        case (
            [ast.Is() | ast.IsNot() as op],
            [ast.Constant(value=None | True | False) as right],
        ) | ([ast.In() | ast.NotIn() as op], [right]):
            return COMPARISONS[type(op)].format(expression(node.left), expression(right))
        case [op], [right] if not isinstance(op, (ast.Is, ast.IsNot)) and (
            not isinstance(right, LISTS)
        ):
            return COMPARISONS[type(op)].format(expression(node.left), expression(right))
    raise refused(node)


def _is_comparison(node: ast.expr) -> bool:
    match node:
        case ast.BoolOp(values=values):
            return all(_is_comparison(each) for each in values)
        case ast.UnaryOp(op=ast.Not()) | ast.Compare():
            return True
    return False


def _call(node: ast.Call) -> str:
    args = [expression(each) for each in node.args]
    match node.func, node.keywords:
        case ast.Name(id="sorted"), [ast.keyword(arg="key", value=key)] if len(args) == 1:
            return f"sorted({args[0]}, {expression(key)})"
        case ast.Name(id=name), [] if name != "sorted":
            return f"{name}({', '.join(args)})"
        case ast.Attribute(value=owner, attr=name), [] if (name, len(args)) in METHODS:
            return METHODS[name, len(args)].format(expression(owner), *args)
    raise refused(node)


def _comprehension(element: ast.expr, generators: Sequence[ast.comprehension]) -> str:
    first, *others = generators
    variable, values = receiver(first.target), expression(first.iter)
    for test in first.ifs:
        values += f".filter(({variable}) => {condition(test)})"
    if others:
        return f"{values}.flatMap(({variable}) => {_comprehension(element, others)})"
    made = expression(element)
    return values if made == variable else f"{values}.map(({variable}) => {made})"


def _piece(node: ast.expr) -> str:
    """A part of an f-string."""
    match node:
        case ast.Constant(value=str() as text):
            inside = json.dumps(text)[1:-1].replace('\\"', '"')
            return _harmless(inside.replace("`", "\\`").replace("${", "\\${"))
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return f"${{{expression(value)}}}"
    raise refused(node)


def _harmless(literal: str) -> str:
    """No text in a script may look like the script's end to a reader of HTML."""
    return literal.replace("<", "\\u003c")
