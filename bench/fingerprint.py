"""Which code made a number: a part of the reference is measured again when this has changed."""

import ast
import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from adapters.base import Adapter
from bench.host import ROOT

# What was installed into an environment is told by the arm's description; here it counts where its programs are looked up.
# The runner decides how many generators there are and what is measured again; the calibration tells it how fast an enqueue call is.
MODULES = (
    "calibration cell cell_lines event_files fates fleet gates held host keeper known ledger load missing network percentiles "
    "ready resources runner schedule stage thinning"
)
WHERE = "bench/environments/environment.py"
SHARED = ("bench/probe/*.py", "bench/brokers/*.py", WHERE, "scenarios/common.py", *(f"bench/{name}.py" for name in MODULES.split()))
OWN = {
    "burst": ("scenarios/drain.py",),
    "recovery": ("bench/recovery.py", "bench/strikes.py", "bench/faults/*.py", "scenarios/recovery_steps.py"),
    "work": ("scenarios/drain.py",),
    "soak": ("bench/slope.py", "scenarios/drain.py", "scenarios/latency.py"),
}
WORDS = ("faults.py",)  # what an adapter says beforehand of a fault


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

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node


def _without_docstring(node: ast.FunctionDef | ast.ClassDef | ast.Module) -> ast.AST:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    return node


def fingerprint(scenario: str, adapters: Iterable[Adapter]) -> str:
    """A digest of the code that a scenario's numbers depend on, with these adapters; comments, docstrings and layout do not count."""
    patterns = (*SHARED, f"scenarios/{scenario}.py", *OWN.get(scenario, ()))
    named = {path.relative_to(ROOT).as_posix(): path for pattern in patterns for path in ROOT.glob(pattern)}
    # An adapter may live elsewhere, and one that took no part changes no number.
    for adapter in adapters:
        named |= {f"adapter {adapter.name} {path.name}": path for path in folder_of(adapter).glob("*.py") if path.name not in WORDS}
    digest = hashlib.sha256()
    for name, path in sorted(named.items()):
        code = ast.dump(_Bare().visit(ast.parse(path.read_bytes())))
        digest.update(name.encode() + b"\0" + code.encode() + b"\0")
    return digest.hexdigest()[:16]


def folder_of(adapter: Adapter) -> Path:
    """Where the files of an adapter lie."""
    return Path(str(sys.modules[type(adapter).__module__].__file__)).resolve().parent


def commit() -> tuple[str, bool]:
    """(commit, whether the tree differs from it); ('', False) outside a checkout."""

    def git(*args: str) -> str:
        return subprocess.run(["git", "-C", str(ROOT), *args], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", "bench", "adapters", "scenarios"))
    except (OSError, subprocess.CalledProcessError):
        return "", False
