"""The report: one self-contained HTML file from stored runs, the same bytes every time."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.dataset import FLOOR, Joined, join
from bench.analysis.families import MEANINGS
from bench.analysis.formatting import VERDICTS, listing
from bench.analysis.slim import CURVES
from bench.claims.published import source
from bench.model.scenario import load_scenarios
from bench.record.store import Run
from bench.record.stored_features import Features
from bench.report import abilities, headline
from bench.report.appendix import (
    again_rows,
    before_line,
    host_rows,
    machine_rows,
    part_rows,
    verdict_groups,
    version_rows,
)
from bench.report.pairs import PairRow, pair_rows
from bench.report.section import Section, SectionBlock, leading, section_of
from bench.report.sentences import sentences
from bench.report.shell import rendered
from bench.report.style import Chart, Palette, drawing
from bench.report.tables import Table
from bench.report.trust import panels

# What a reader must know first of a page as a whole: of its blocks, and of its sizes.
FEW_BLOCKS = (
    "Fewer than 3 blocks: there is no interval around any number here, so read orders of magnitude "
    "only. Five blocks (bench run --blocks 5) give intervals."
)
SEVERAL_TIMES = (
    "The parts were measured at different times or on different machines, as listed below: compare "
    "within a part only."
)
OF_SIZES = {
    "smoke": (
        "This was a smoke run: it shows that everything works and makes no claim about any system."
    ),
    "gate": (
        "This was a gate: short cells, many blocks, every arm at the rates of the base. It "
        "compares its arms; the full size says how fast they are."
    ),
    "quick": (
        "This was a quick run: few tasks, short phases, short horizons. The full size decides."
    ),
}


def build_page(runs: Sequence[Run], features: Features | None = None) -> str:
    """The whole report as text; what each system can do stands in it where features are given."""
    joined = join(runs)
    looks = Palette(joined.systems)
    frame = headline.table(joined)
    leads = leading(joined)
    # Of a load from a file alone nothing stands beside what is published.
    published = not leads or not frame["verdict"].eq("missing").all()
    return rendered(
        "page.html.j2",
        joined=joined,
        looks=looks,
        parts=part_rows(joined),
        before=before_line(joined),
        sentences=[*leads, *(sentences(joined, frame) if published else ())],
        systems=joined.systems,
        main={system: joined.main_arm(system) for system in joined.systems},
        headline=headline.rows_in_order(joined, frame) if published else [],
        source=source(),
        sections=[_section(joined, looks, name) for name in _scenarios(joined, published)],
        method_meanings=MEANINGS,
        warnings=list(dict.fromkeys(text for run in joined.runs for text in run.manifest.warnings)),
        cautions=_cautions(joined),
        verdicts=verdict_groups(joined),
        verdict_meanings=VERDICTS,
        again=again_rows(joined),
        machines=machine_rows(joined),
        hosts=host_rows(joined),
        versions=version_rows(joined),
        trust=panels(joined),
        abilities=abilities.section(features),
        claims=abilities.claims(joined, features),
        advise=abilities.advice(joined, features),
        floor=FLOOR,
    )


def _scenarios(joined: Joined, published: bool) -> list[str]:
    """What was measured, the main ones in any case where figures stand beside what is published;
    last what is not here."""
    measured = list(dict.fromkeys(joined.frame["scenario"]))
    scenarios = load_scenarios().items()
    known = [name for name, each in scenarios if name in measured or (published and each.main)]
    return [*known, *(name for name in measured if name not in known)]


@dataclass(frozen=True)
class SectionShown:
    """A scenario's section with all that stands in it."""

    name: str
    section: Section
    measured: bool
    above: Sequence[SectionBlock]
    tables: Sequence[Table]
    below: Sequence[SectionBlock]
    pairs: Sequence[PairRow]
    charts: Sequence[Chart]
    missing: Sequence[str]


def _section(joined: Joined, looks: Palette, name: str) -> SectionShown:
    section = section_of(name)
    measured = name in set(joined.frame["scenario"])
    with drawing():
        charts = section.charts(joined, looks) if measured else ()
    return SectionShown(
        name=name,
        section=section,
        measured=measured,
        above=section.above(joined) if measured else (),
        tables=section.tables(joined),
        below=section.below(joined) if measured else (),
        pairs=pair_rows(joined, name, section.compared) if measured else (),
        charts=charts,
        missing=_missing(joined, name),
    )


def _missing(joined: Joined, name: str) -> list[str]:
    """Planned cells of a scenario without a measure: cut off, or failed."""
    return [
        f"{line.arm} {'' if line.case == '-' else line.case} (cell {line.number:03d}): "
        f"{line.reason or 'not run'}"
        for run in joined.runs
        for line in run.manifest.cells
        if line.scenario == name and line.state in ("planned", "failed")
    ]


def _cautions(joined: Joined) -> list[str]:
    sizes = {run.manifest.plan.size for run in joined.runs}
    slim = [run.id for run in joined.runs if run.slim]
    blank = [run.id for run in joined.runs if run.slim and CURVES in run.manifest.left_out]
    lacking = f" Without the charts that need them: {listing(blank)}." if blank else ""
    cautions = [
        *((size in sizes, text) for size, text in OF_SIZES.items()),
        (any(0 < joined.blocks(name) < 3 for name in set(joined.frame["scenario"])), FEW_BLOCKS),
        (len({run.manifest.boot_id for run in joined.runs}) > 1, SEVERAL_TIMES),
        (
            bool(slim),
            f"{listing(slim)}: slim, raw events of the cells are in the whole run.{lacking}",
        ),
        (
            bool(joined.doubled),
            "Measured in more than one of these runs, the first shown: "
            f"{'; '.join(joined.doubled)}.",
        ),
    ]
    return [text for holds, text in cautions if holds]
