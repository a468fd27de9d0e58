"""`bench compare --html`: one self-contained page, the forest plot first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, JsonValue

from bench.analysis.comparison_result import Change, Changes
from bench.base.git import shown
from bench.compare.change_phrases import SAYS, by_how_much, interval, names_arms, smallest, value
from bench.model.manifest import MachineRecord, PlanRecord
from bench.report.appendix import machine_line
from bench.report.forest import Forest, Mark, forest
from bench.report.shell import environment, shell


class Origin(BaseModel):
    """What the page takes of a side in `Changes.about`."""

    run: str
    created: str
    commit: str
    dirty: bool
    plan: PlanRecord
    machine: MachineRecord
    versions: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class ChangeRow:
    """One measure in words; `mark` is its place on the scale, None for what has no ratio."""

    label: str
    arm: str
    base: str
    head: str
    by: str
    interval: str
    smallest: str
    blocks: int
    says: str
    said: str
    reason: str
    mark: Mark | None


@dataclass(frozen=True)
class SideRow:
    """Where base or head comes from, in words."""

    side: str
    run: str
    created: str
    commit: str
    size: str
    machine: str
    versions: Sequence[str]


def page(changes: Changes) -> str:
    """The whole page as text; the same bytes for the same comparison."""
    scale = forest(changes.lines)
    arms = names_arms(changes)
    rows = [_row(line, arms, scale) for line in changes.lines]
    return (
        environment(Path(__file__).parent)
        .get_template("compare.html.j2")
        .render(
            **shell(),
            page_title=changes.title,
            changes=changes,
            drawn=[row for row in rows if row.mark],
            ticks=scale.ticks(),
            rows=rows,
            about=[
                _about(side, changes.about[side])
                for side in ("base", "head")
                if side in changes.about
            ],
        )
    )


def _row(line: Change, arms: bool, scale: Forest) -> ChangeRow:
    return ChangeRow(
        label=line.label,
        arm=line.head if arms else "",
        base=value(line, line.base_value),
        head=value(line, line.head_value),
        by=by_how_much(line),
        interval=interval(line),
        smallest=smallest(line),
        blocks=line.blocks,
        says=line.says,
        said=SAYS[line.says],
        reason=line.reason,
        mark=scale.mark(line),
    )


def _about(side: str, about: JsonValue) -> SideRow:
    origin = Origin.model_validate(about)
    versions = [
        f"{arm}: {', '.join(f'{name} {version}' for name, version in of.items())}"
        for arm, of in origin.versions.items()
        if of
    ]
    return SideRow(
        side=side,
        run=origin.run,
        created=origin.created,
        commit=shown(origin.commit, origin.dirty),
        size=f"{origin.plan.size}, {origin.plan.blocks} blocks, {origin.plan.workers} slots",
        machine=machine_line(origin.machine),
        versions=versions,
    )
