"""The report: one self-contained HTML file from stored runs, the same bytes every time."""

from collections.abc import Sequence
from typing import Any

from bench.analysis.dataset import FLOOR, Joined, join
from bench.analysis.formatting import VERDICTS, listing, records
from bench.claims.published import source
from bench.record.store import Run
from bench.record.stored_features import Features
from bench.report import (
    abilities,
    charts_burst,
    charts_latency,
    charts_recovery,
    charts_work,
    headline,
    matrix,
    notes,
    side,
    tables,
)
from bench.report.appendix import (
    again_rows,
    before_line,
    machine_rows,
    part_rows,
    verdict_groups,
    version_rows,
)
from bench.report.pairs import pair_rows
from bench.report.sentences import sentences
from bench.report.shell import environment, shell
from bench.report.style import Looks, drawing
from bench.report.trust import panels

CHARTS = {
    "burst": charts_burst.charts,
    "latency": charts_latency.charts,
    "recovery": charts_recovery.charts,
}
SCENARIOS = tuple(CHARTS)  # of the main job; the others stand on the page where they were measured
CHARTS |= {"work": charts_work.work, "result": charts_work.result, "soak": charts_work.soak}


def build_page(runs: Sequence[Run], features: Features | None = None) -> str:
    """The whole report as text; what each system can do stands in it where features are given."""
    joined = join(runs)
    looks = Looks(joined.systems)
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
                dict.fromkeys(text for run in joined.runs for text in run.info.get("warnings", []))
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
    """The three of the main job, measured or not, then whatever else there is."""
    return [
        *SCENARIOS,
        *(name for name in dict.fromkeys(joined.frame["scenario"]) if name not in SCENARIOS),
    ]


def _headline_rows(joined: Joined, found: Any) -> list[dict[str, Any]]:
    """One row per item, one place per system."""
    rows = []
    for item, label in headline.items_in_order(found):
        mine = {str(row.system): row for row in records(found[found["item"] == item])}
        rows.append(
            {
                "item": item,
                "label": label,
                "places": [mine.get(system) for system in joined.systems],
                "claimed": any(row.claimed for row in mine.values()),
            }
        )
    return rows


def _section(joined: Joined, looks: Looks, name: str) -> dict[str, Any]:
    build = tables.TABLES.get(name)
    measured = name in set(joined.frame["scenario"])
    with drawing():
        charts = CHARTS[name](joined, looks) if measured and name in CHARTS else []
    made = (build(joined) if build else tables.anything(joined, name)) if measured else []
    made += side.brokers(joined) if name == "burst" else []
    return {
        "name": name,
        "about": notes.ABOUT.get(name, ""),
        "measured": measured,
        "tables": made,
        "charts": charts,
        "pairs": pair_rows(joined, name) if measured else [],
        "predictions": matrix.predictions(joined) if name == "recovery" and measured else [],
        "matrix": matrix.matrix(joined) if name == "recovery" and measured else [],
        "matrix_arms": joined.arms_of("recovery"),
        "sentences": matrix.sentences(joined) if name == "recovery" and measured else [],
        "how": notes.HOW.get(name, ()),
        "not_shown": notes.NOT_SHOWN.get(name, ()),
        "missing": _missing(joined, name),
    }


def _missing(joined: Joined, name: str) -> list[str]:
    """Planned cells of a scenario without a measure: cut off, or failed."""
    lines = [
        line
        for run in joined.runs
        for line in run.info["cells"]
        if line["scenario"] == name and line["state"] in ("planned", "failed")
    ]
    return [
        f"{line['arm']} {'' if line['case'] == '-' else line['case']} (cell {int(line['number']):03d}): {line.get('reason') or 'not run'}"
        for line in lines
    ]


def _cautions(joined: Joined) -> list[str]:
    sizes = {str(run.info["plan"].get("size")) for run in joined.runs}
    found = [
        text
        for size, text in (("smoke", notes.SMOKE), ("gate", notes.GATE), ("quick", notes.QUICK))
        if size in sizes
    ]
    if any(0 < joined.blocks(name) < 3 for name in _scenarios(joined)):
        found.append(notes.GENERAL)
    if len({str(run.info["boot_id"]) for run in joined.runs}) > 1:
        found.append(
            "The parts were measured at different times or on different machines, as listed below: compare within a part only."
        )
    slim = [run.id for run in joined.runs if run.slim]
    if slim:
        found.append(
            f"{listing(slim)}: slim, without the charts that need raw events; the cells that are named are in the whole run."
        )
    if joined.doubled:
        found.append(
            f"Measured in more than one of these runs, the first shown: {'; '.join(joined.doubled)}."
        )
    return found
