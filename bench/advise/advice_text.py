"""`bench advise`: the answer in the terminal."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rich.console import Console
from rich.text import Text

from bench.advise.asked import Asked
from bench.advise.ranking import EXCLUDED, MEETS, OPEN, Candidate

MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
EMPTY: Mapping[str, Sequence[str]] = MappingProxyType({})


def render(asked: Asked, found: Sequence[Candidate], out: Console) -> None:
    """Ranked first, then the rest with what stands against each."""
    given = (f"{name} {value}" for name, value in asked.model_dump(exclude_defaults=True).items())
    show(", ".join(given) or "nothing", found, out)


def show(
    asked: str,
    found: Sequence[Candidate],
    out: Console,
    remarks: Mapping[str, Sequence[str]] = EMPTY,
) -> None:
    """As `render`, with what was asked in words; `remarks` by arm are told below its checks."""
    out.print(Text(f"asked: {asked}"), soft_wrap=True)
    for state, title in (
        (MEETS, "meet all of it"),
        (OPEN, "something is not known"),
        (EXCLUDED, "excluded"),
    ):
        mine = [each for each in found if each.state == state]
        out.print(Text(f"\n{title}: {len(mine)}", style="bold"))
        for each in mine:
            _candidate(each, out, remarks.get(each.arm, ()))


def _candidate(each: Candidate, out: Console, remarks: Sequence[str]) -> None:
    place = f"{each.place}. " if each.place else "   "
    room = (
        f"  (meets its tightest {each.headroom:.2g} times over)"
        if each.place and each.headroom
        else ""
    )
    out.print(Text(f"{place}{each.arm}{room}"))
    shown = (
        each.checks
        if each.state == MEETS
        else [check for check in each.checks if check.met is not True]
    )
    for check in shown:
        mark, style = MARKS[check.met]
        out.print(
            Text.assemble("     ", (mark, style), f" {check.requirement}: {check.text}"),
            soft_wrap=True,
        )
    for remark in remarks:
        out.print(Text(f"       {remark}"), soft_wrap=True)
