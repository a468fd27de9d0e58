"""`bench claims`: each published claim beside what was measured here."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from bench.analysis.dataset import join
from bench.base.errors import UsageError
from bench.claims.form import load
from bench.claims.judge import CONFIRMED, OUTDATED, REFUTED, Ruling, rule
from bench.record.store import Run
from bench.record.stored_features import Features

LOOKS = {CONFIRMED: "green", REFUTED: "bold red", OUTDATED: "yellow"}


def rulings(runs: Sequence[Run], features: Features | None) -> list[Ruling]:
    """Every claim, judged by these runs and features."""
    return rule(load(), join(runs) if runs else None, features)


def counted(found: Sequence[Ruling]) -> str:
    """How many of each verdict, in words."""
    counts = Counter(map(_verdict, found))
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


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
        for each in found:
            if each.source == source:
                style = LOOKS.get(_verdict(each), "dim")
                out.print(
                    Text.assemble((each.verdict, style), f"  {each.row}, {each.who}: {each.says}"),
                    soft_wrap=True,
                )
                out.print(Text(f"    {each.evidence}"), soft_wrap=True)
    out.print(f"\n{counted(found)}")
