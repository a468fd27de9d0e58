"""A published claim and what became of it, and what `bench claims` shows of many."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from bench.base.errors import UsageError

CONFIRMED, REFUTED, OUTDATED = "confirmed", "refuted", "outdated"
UNTESTED, UNLIKE = "not testable here", "not comparable"
LOOKS = {CONFIRMED: "green", REFUTED: "bold red", OUTDATED: "yellow"}


@dataclass(frozen=True)
class Ruling:
    """A claim and what became of it.

    `evidence`: what was seen, with the cells or trials behind it.
    """

    source: str
    row: str
    who: str
    says: str
    verdict: str
    evidence: str


def counted(found: Sequence[Ruling]) -> str:
    """How many of each verdict, in words."""
    return ", ".join(
        f"{count} {verdict}" for verdict, count in Counter(map(_verdict, found)).items()
    )


def judged(found: Sequence[Ruling]) -> None:
    """UsageError where not one claim was confirmed, refuted or found outdated."""
    if not any(_verdict(each) in LOOKS for each in found):
        raise UsageError(
            f"none of the {len(found)} published claims could be judged: take a run with burst"
            " and recovery of the default profiles (`bench run`), or give `bench features` by"
            " --features"
        )


def _verdict(each: Ruling) -> str:
    return each.verdict.split(" since ")[0]


def render(found: Sequence[Ruling], out: Console) -> None:
    """Source by source: the verdict and the claim in one line, what was seen below it."""
    for source in dict.fromkeys(each.source for each in found):
        out.print(Text(f"\n{source}", style="bold"))
        for each in (each for each in found if each.source == source):
            out.print(
                Text.assemble(
                    (each.verdict, LOOKS.get(_verdict(each), "dim")),
                    f"  {each.row}, {each.who}: {each.says}",
                ),
                soft_wrap=True,
            )
            out.print(Text(f"    {each.evidence}"), soft_wrap=True)
    out.print(f"\n{counted(found)}")
