"""`bench compare --html`: one self-contained page, the forest plot first."""

from pathlib import Path
from typing import Any

from bench.analysis.comparison_result import Change, Changes
from bench.base.git import shown
from bench.compare.change_phrases import SAYS, by_how_much, interval, names_arms, smallest, value
from bench.report.appendix import machine_line
from bench.report.forest import forest
from bench.report.shell import environment, shell


def page(changes: Changes) -> str:
    """The whole page as text; the same bytes for the same comparison."""
    scale = forest(changes.lines)
    arms = names_arms(changes)
    rows = [_row(line, arms) | {"mark": scale.mark(line)} for line in changes.lines]
    return (
        environment(Path(__file__).parent)
        .get_template("compare.html.j2")
        .render(
            **shell(),
            page_title=changes.title,
            changes=changes,
            drawn=[row for row in rows if row["mark"]],
            ticks=scale.ticks(),
            rows=rows,
            about=[
                _about(side, changes.about[side])
                for side in ("base", "head")
                if side in changes.about
            ],
        )
    )


def _row(line: Change, arms: bool) -> dict[str, Any]:
    return {
        "label": line.label,
        "arm": line.head if arms else "",
        "base": value(line, line.base_value),
        "head": value(line, line.head_value),
        "by": by_how_much(line),
        "interval": interval(line),
        "smallest": smallest(line),
        "blocks": line.blocks,
        "says": line.says,
        "said": SAYS[line.says],
        "reason": line.reason,
    }


def _about(side: str, found: Any) -> dict[str, Any]:
    versions = [
        f"{arm}: {', '.join(f'{name} {version}' for name, version in of.items())}"
        for arm, of in found["versions"].items()
        if of
    ]
    plan = found["plan"]
    size = f"{plan.get('size')}, {plan.get('blocks')} blocks, {plan.get('workers')} slots"
    return {
        "side": side,
        "run": found["run"],
        "created": found["created"],
        "commit": shown(str(found["commit"] or ""), bool(found["dirty"])),
        "size": size,
        "machine": machine_line(found["machine"]),
        "versions": versions,
    }
