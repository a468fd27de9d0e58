"""A published claim and what became of it, and what `bench claims` shows of many."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from bench.base.errors import UsageError

CONFIRMED, DEPENDS, REFUTED, OUTDATED = "confirmed", "depends", "refuted", "outdated"
UNTESTED, UNLIKE = "not testable here", "not comparable"
LOOKS = {CONFIRMED: "green", DEPENDS: "yellow", REFUTED: "bold red", OUTDATED: "yellow"}
MEANINGS = {
    CONFIRMED: "what was measured or tried here bears it out; a ratio lies within 2 times",
    DEPENDS: (
        "it holds with some of the settings, faults or packages that were tried here and not with "
        "others; both are named"
    ),
    REFUTED: "what was measured or tried here contradicts it",
    OUTDATED: "it was so before the version that is named",
    UNLIKE: (
        "no figure here counts the same thing under the same conditions; which, and the command "
        "that would test it if there is one, stand beside it"
    ),
    UNTESTED: "nothing here can tell: no run, no trial, or too few blocks",
}


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

    @property
    def kind(self) -> str:
        """The verdict without its version: a key of `MEANINGS`."""
        return self.verdict.split(" since ")[0]


def counts(found: Sequence[Ruling]) -> list[tuple[str, int, str]]:
    """(verdict, how many rulings have it, what it means), in the order of `MEANINGS`."""
    count = Counter(each.kind for each in found)
    return [(name, count[name], meaning) for name, meaning in MEANINGS.items() if count[name]]


def judged(found: Sequence[Ruling]) -> None:
    """UsageError where not one claim came to a verdict on what it says."""
    if not any(each.kind in LOOKS for each in found):
        raise UsageError(
            f"none of the {len(found)} published claims could be judged: take a run with burst"
            " and recovery of the default profiles (`bench run`), or give `bench features` by"
            " --features"
        )


def render(found: Sequence[Ruling], out: Console) -> None:
    """Source by source: the verdict and the claim in one line, what was seen below it."""
    for source in dict.fromkeys(each.source for each in found):
        out.print(Text(f"\n{source}", style="bold"))
        for each in (each for each in found if each.source == source):
            out.print(
                Text.assemble(
                    (each.verdict, LOOKS.get(each.kind, "dim")),
                    f"  {each.row}, {each.who}: {each.says}",
                ),
                soft_wrap=True,
            )
            out.print(Text(f"    {each.evidence}"), soft_wrap=True)
    out.print()
    for verdict, count, meaning in counts(found):
        out.print(Text(f"{count} {verdict}: {meaning}"), soft_wrap=True)
