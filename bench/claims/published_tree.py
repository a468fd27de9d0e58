"""The published decision tree, and what our data says of each of its branches."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from bench.analysis.arm_rates import ArmRates
from bench.analysis.formatting import listing, number
from bench.claims.form import TreeBranch, load
from bench.record.stored_features import Features

SMALL_PER_S = 100.0  # the tree does not say what is small: a figure to have one


@dataclass(frozen=True)
class JudgedBranch:
    """A question of the tree, its advice, and what was seen."""

    question: str
    advice: str
    seen: str


def branches(
    sustained: ArmRates, drained: ArmRates, features: Features | None
) -> list[JudgedBranch]:
    """Every branch of the published trees, in their order.

    Who keeps up is told by what arms sustain, who is fastest by what they drain of one backlog.
    """
    return [
        JudgedBranch(each.question, each.advice, _seen(each, sustained, drained, features))
        for claims in load()
        for each in claims.branch
    ]


def _seen(
    branch: TreeBranch, sustained: ArmRates, drained: ArmRates, features: Features | None
) -> str:
    return {
        "flows": _flows(features),
        "small": _small(sustained, branch.advice),
        "fastest": _fastest(drained, branch.broker),
    }[branch.by]


def _flows(features: Features | None) -> str:
    if features is None:
        return "no features were given"
    names = ("flow.chain", "flow.group", "flow.chord", "flow.nested", "flow.error")
    return "; ".join(
        f"{system}: {listing([f'{name} {features.outcome(system, name)}' for name in names])}"
        for system in features.systems
    )


def _small(rates: ArmRates, advice: str) -> str:
    enough = [each.arm for each in rates.arms if each.rate and each.rate >= SMALL_PER_S]
    return (
        f"at {SMALL_PER_S:g} tasks/s, say, {rates.what}, these keep up:"
        f" {listing(enough) or 'none'}: scale alone does not single out {advice}"
        f"{_lacking(rates, '')}"
    )


def _fastest(rates: ArmRates, broker: str) -> str:
    known = [each for each in rates.arms if each.rate and broker in ("", each.broker)]
    found = sorted(known, key=lambda each: (each.rate or 0.0, each.arm), reverse=True)
    promises = len({each.guarantee for each in found}) > 1
    shown = [
        f"{each.arm} {number(each.rate or 0.0)}/s{f' ({each.guarantee})' if promises else ''}"
        for each in found
    ]
    where = f" on {broker}" if broker else ""
    return f"{rates.what}{where}: {listing(shown) or 'no figure'}{_lacking(rates, broker)}"


def _lacking(rates: ArmRates, broker: str) -> str:
    lacking = [each for each in rates.arms if each.rate is None]
    names = [each.arm for each in lacking if broker in ("", each.broker)]
    arms = "".join(f" --arm {name}" for name in names)
    how = f"measure it with `{rates.command}{arms}`"
    return f"; not known of {listing(names)}: {how}" if names else ""


def render_tree(found: Sequence[JudgedBranch], out: Console) -> None:
    """Branch by branch: its advice, and what was seen below it."""
    for each in found:
        out.print(f"{each.question}: {each.advice}\n    {each.seen}", markup=False, soft_wrap=True)
