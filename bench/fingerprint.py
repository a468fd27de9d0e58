"""Which code made a number: a part of the reference is measured again when this has changed."""

import ast
import hashlib
import subprocess

from bench.host import ROOT

SHARED = (
    "bench/probe/*.py",
    "bench/brokers/redis.py",
    "adapters/base.py",
    "adapters/*/a*.py",
    "adapters/*/settings.py",
    "scenarios/common.py",
    *(f"bench/{name}.py" for name in ("cell", "fleet", "gates", "host", "keeper", "ledger", "load", "fates", "resources", "schedule", "stage")),
)
OWN = {"recovery": ("bench/recovery.py", "bench/faults.py"), "latency": ("bench/percentiles.py",)}


class _Bare(ast.NodeTransformer):
    """Code without docstrings and annotations: words and types make no number."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return _without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        return _without_docstring(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.generic_visit(node)
        return _without_docstring(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node


def _without_docstring(node: ast.FunctionDef | ast.ClassDef | ast.Module) -> ast.AST:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    return node


def fingerprint(scenario: str) -> str:
    """A digest of the code that a scenario's numbers depend on; comments, docstrings and layout do not count."""
    patterns = (*SHARED, f"scenarios/{scenario}.py", *OWN.get(scenario, ()))
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        code = ast.dump(_Bare().visit(ast.parse(path.read_bytes())))
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + code.encode() + b"\0")
    return digest.hexdigest()[:16]


def commit() -> tuple[str, bool]:
    """(commit, whether the tree differs from it); ('', False) outside a checkout."""

    def git(*args: str) -> str:
        return subprocess.run(["git", "-C", str(ROOT), *args], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", "bench", "adapters", "scenarios"))
    except (OSError, subprocess.CalledProcessError):
        return "", False
