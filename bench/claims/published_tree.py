"""The published decision tree, and what our data says of each of its branches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.console import Console

from bench.analysis.formatting import listing, number
from bench.claims.form import TreeBranch, load
from bench.record.stored_features import Features

# (tasks per second, arm, broker), the fastest first
Rates: TypeAlias = Sequence[tuple[float, str, str]]
SMALL_PER_S = 100.0  # the tree does not say what is small: a figure to have one


@dataclass(frozen=True)
class JudgedBranch:
    """A question of the tree, its advice, and what was seen."""

    question: str
    advice: str
    seen: str


def branches(rates: Rates, features: Features | None) -> list[JudgedBranch]:
    """Every branch of the published trees, in their order."""
    return [
        JudgedBranch(each.question, each.advice, _seen(each, rates, features))
        for claims in load()
        for each in claims.branch
    ]


def _seen(branch: TreeBranch, rates: Rates, features: Features | None) -> str:
    return {
        "flows": _flows(features),
        "small": _small(rates, branch.advice),
        "fastest": _fastest(rates, branch.broker),
    }[branch.by]


def _flows(features: Features | None) -> str:
    if features is None:
        return "no features were given"
    names = ("flow.chain", "flow.group", "flow.chord", "flow.nested", "flow.error")
    return "; ".join(
        f"{system}: {listing([f'{name} {features.outcome(system, name)}' for name in names])}"
        for system in features.systems
    )


def _small(rates: Rates, advice: str) -> str:
    enough = [name for rate, name, _ in rates if rate >= SMALL_PER_S]
    return (
        f"at {SMALL_PER_S:g} tasks/s, say, these keep up: {listing(enough) or 'none'}:"
        f" scale alone does not single out {advice}"
    )


def _fastest(rates: Rates, broker: str) -> str:
    shown = [f"{name} {number(rate)}/s" for rate, name, on in rates if not broker or on == broker]
    return f"by measured rate{f' on {broker}' if broker else ''}: {listing(shown) or 'no figure'}"


def render_tree(found: Sequence[JudgedBranch], out: Console) -> None:
    """Branch by branch: its advice, and what was seen below it."""
    for each in found:
        out.print(f"{each.question}: {each.advice}\n    {each.seen}", markup=False, soft_wrap=True)
