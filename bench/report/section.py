"""What the page needs of a scenario. A scenario offers it as `SECTION` in its section.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bench.analysis.dataset import Joined
from bench.model.scenario import load_scenarios
from bench.report.style import Chart, Palette
from bench.report.tables import Table, every_measure


@dataclass(frozen=True)
class SectionBlock:
    """A part that is neither table nor chart: a template of bench/report, which finds `data` in
    `block.data`."""

    template: str
    data: Mapping[str, object]  # what a template shows is of any type


def nothing(*_: object) -> tuple[()]:
    """For a section without pictures, or of tables and charts alone."""
    return ()


@dataclass(frozen=True)
class Section:
    """One scenario's part of the page. From the top: about, above, tables, below, the pairs of
    `compared`, charts, how beside not_shown.

    `tables` is asked even where the scenario was not measured, and must then give none of its own;
    all other functions only where it was. Texts are escaped by the page.
    """

    about: str  # one sentence below the heading: what happens in a cell
    tables: Callable[[Joined], Sequence[Table]]
    charts: Callable[[Joined, Palette], Sequence[Chart]] = nothing
    leads: Callable[[Joined], Sequence[str]] = nothing  # first of all, on page and in the terminal
    above: Callable[[Joined], Sequence[SectionBlock]] = nothing  # between `about` and the tables
    below: Callable[[Joined], Sequence[SectionBlock]] = nothing  # right below the tables
    compared: Sequence[str] = ()  # metrics of which pairs of arms are shown, one per question
    how: Sequence[str] = ()  # how it was measured
    not_shown: Sequence[str] = ()  # what it does not show


def section_of(name: str) -> Section:
    """The section of a scenario by its name; every measure in one table where it offers none, or
    where a stored run has a scenario that is not here."""
    scenario = load_scenarios().get(name)
    generic = partial(every_measure, scenario=name)
    if scenario is None:
        return Section("", generic)
    try:
        offered: Section = scenario.part("section").SECTION
    except ModuleNotFoundError as error:
        if error.name != f"{type(scenario).__module__}.section":
            raise  # it is there, and what it imports is not
        return Section(scenario.about, generic)
    return offered


def leading(joined: Joined) -> list[str]:
    """The sentences of all measured scenarios that come before everything else."""
    measured = set(joined.frame["scenario"])
    return [
        text
        for name in load_scenarios()
        if name in measured
        for text in section_of(name).leads(joined)
    ]
