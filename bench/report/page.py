"""The report: one self-contained HTML file from stored runs, the same bytes every time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.analysis.dataset import FLOOR, Joined, join
from bench.analysis.formatting import VERDICTS, listing, records
from bench.analysis.slim import CURVES
from bench.claims.published import source
from bench.model.scenario import load_scenarios
from bench.record.store import Run
from bench.record.stored_features import Features
from bench.report import abilities, headline, notes
from bench.report.appendix import (
    again_rows,
    before_line,
    machine_rows,
    part_rows,
    verdict_groups,
    version_rows,
)
from bench.report.pairs import PairRow, pair_rows
from bench.report.section import SectionBlock, section_of
from bench.report.sentences import sentences
from bench.report.shell import environment, shell
from bench.report.style import Chart, Palette, drawing
from bench.report.tables import Table
from bench.report.trust import panels


def build_page(runs: Sequence[Run], features: Features | None = None) -> str:
    """The whole report as text; what each system can do stands in it where features are given."""
    joined = join(runs)
    looks = Palette(joined.systems)
    found = headline.table(joined)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            **shell(),
            joined=joined,
            looks=looks,
            parts=part_rows(joined),
            before=before_line(joined),
            sentences=sentences(joined, found),
            systems=joined.systems,
            main={system: joined.main_arm(system) for system in joined.systems},
            headline=_headline_rows(joined, found),
            source=source(),
            sections=[_section(joined, looks, name) for name in _scenarios(joined)],
            warnings=list(
                dict.fromkeys(text for run in joined.runs for text in run.manifest.warnings)
            ),
            cautions=_cautions(joined),
            verdicts=verdict_groups(joined),
            verdict_meanings=VERDICTS,
            again=again_rows(joined),
            machines=machine_rows(joined),
            versions=version_rows(joined),
            trust=panels(joined),
            abilities=abilities.section(features),
            claims=abilities.claims(joined, features),
            advise=abilities.advice(joined, features),
            floor=FLOOR,
        )
    )


def _scenarios(joined: Joined) -> list[str]:
    """The main ones, measured or not, and what else was measured; last what is not here."""
    measured = list(dict.fromkeys(joined.frame["scenario"]))
    known = [name for name, each in load_scenarios().items() if each.main or name in measured]
    return [*known, *(name for name in measured if name not in known)]


@dataclass(frozen=True)
class HeadlineRow:
    """One item of the headline: per system its row as a named tuple of pandas, or None."""

    item: str
    label: str
    places: Sequence[Any]


@dataclass(frozen=True)
class SectionShown:
    """A scenario's section with all that stands in it."""

    name: str
    about: str
    measured: bool
    above: Sequence[SectionBlock]
    tables: Sequence[Table]
    below: Sequence[SectionBlock]
    pairs: Sequence[PairRow]
    charts: Sequence[Chart]
    how: Sequence[str]
    not_shown: Sequence[str]
    missing: Sequence[str]


def _headline_rows(joined: Joined, found: pd.DataFrame) -> list[HeadlineRow]:
    """One row per item, one place per system."""
    rows = []
    for item, label in headline.items_in_order(found):
        mine = {str(row.system): row for row in records(found[found["item"] == item])}
        places = [mine.get(system) for system in joined.systems]
        rows.append(HeadlineRow(item, label, places))
    return rows


def _section(joined: Joined, looks: Palette, name: str) -> SectionShown:
    section = section_of(name)
    measured = name in set(joined.frame["scenario"])
    with drawing():
        charts = section.charts(joined, looks) if measured else ()
    return SectionShown(
        name=name,
        about=section.about,
        measured=measured,
        above=section.above(joined) if measured else (),
        tables=section.tables(joined),
        below=section.below(joined) if measured else (),
        pairs=pair_rows(joined, name, section.compared) if measured else (),
        charts=charts,
        how=section.how,
        not_shown=section.not_shown,
        missing=_missing(joined, name),
    )


def _missing(joined: Joined, name: str) -> list[str]:
    """Planned cells of a scenario without a measure: cut off, or failed."""
    missing = []
    for run in joined.runs:
        for line in run.manifest.cells:
            if line.scenario == name and line.state in ("planned", "failed"):
                case = "" if line.case == "-" else line.case
                why = line.reason or "not run"
                missing.append(f"{line.arm} {case} (cell {line.number:03d}): {why}")
    return missing


def _cautions(joined: Joined) -> list[str]:
    sizes = {run.manifest.plan.size for run in joined.runs}
    found = [
        text
        for size, text in (("smoke", notes.SMOKE), ("gate", notes.GATE), ("quick", notes.QUICK))
        if size in sizes
    ]
    if any(0 < joined.blocks(name) < 3 for name in _scenarios(joined)):
        found.append(notes.GENERAL)
    if len({run.manifest.boot_id for run in joined.runs}) > 1:
        found.append(
            "The parts were measured at different times or on different machines, as listed below: "
            "compare within a part only."
        )
    slim = [run for run in joined.runs if run.slim]
    if slim:
        blank = [run.id for run in slim if CURVES in run.manifest.left_out]
        lacking = f" Without the charts that need them: {listing(blank)}." if blank else ""
        found.append(
            f"{listing([run.id for run in slim])}: slim, raw events of the cells are in the whole "
            f"run.{lacking}"
        )
    if joined.doubled:
        found.append(
            "Measured in more than one of these runs, the first shown: "
            f"{'; '.join(joined.doubled)}."
        )
    return found
