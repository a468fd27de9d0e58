"""What each system can do, the published claims beside it, and the form that advises."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.advise.facts import facts, rates
from bench.advise.javascript import form_script
from bench.analysis.dataset import Joined
from bench.claims.form import Source, load
from bench.claims.judge import rule
from bench.claims.published_tree import JudgedBranch, branches
from bench.claims.rulings import Ruling, counted
from bench.model.broker import FAMILIES
from bench.model.feature import CATALOG, GROUPS, Feature
from bench.model.feature_outcome import OUTCOMES, Finding
from bench.model.systems import in_order
from bench.record.stored_features import Features


@dataclass(frozen=True)
class AbilityView:
    """One place of the table: the outcome over all variants, and each variant's."""

    outcome: str
    findings: Sequence[Finding]


@dataclass(frozen=True)
class AbilityRow:
    """A feature and its place for every system."""

    feature: Feature
    places: Sequence[AbilityView | None]


@dataclass(frozen=True)
class Abilities:
    """The table: (group, its rows), and (outcome, how often, what it means)."""

    systems: Sequence[str]
    groups: Sequence[tuple[str, Sequence[AbilityRow]]]
    counts: Sequence[tuple[str, int, str]]
    created: str
    versions: Sequence[str]
    quick: bool


@dataclass(frozen=True)
class Advice:
    """The form: facts as JSON that is safe inside of a script element, and its scripts."""

    facts: str
    rules: str
    form: str
    brokers: Sequence[str]
    tree: Sequence[JudgedBranch]


@dataclass(frozen=True)
class ClaimsView:
    """Every ruling, source by source, and how many of each verdict."""

    sources: Sequence[tuple[Source, Sequence[Ruling]]]
    counted: str


def section(features: Features | None) -> Abilities | None:
    """The table of what was tried; None where no features were given."""
    if features is None:
        return None
    groups = [
        (group, [_row(features, each) for each in CATALOG if each.group == group])
        for group in GROUPS
    ]
    findings = features.findings
    counts = [
        (name, sum(each.outcome == name for each in findings), meaning)
        for name, meaning in OUTCOMES.items()
    ]
    versions = sorted(
        {f"{name} {version}" for each in findings for name, version in each.versions.items()}
    )
    return Abilities(
        systems=_systems(features),
        groups=[
            (group, rows)
            for group, rows in groups
            if any(place for row in rows for place in row.places)
        ],
        counts=[(name, count, meaning) for name, count, meaning in counts if count],
        created=features.record.created,
        versions=versions,
        quick=features.record.quick,
    )


def advice(joined: Joined, features: Features | None) -> Advice:
    """What the form and the published tree are made from.

    `facts`, `rules` and `form` are safe inside of a script element.
    """
    known = facts(joined, features)
    measured = {arm["broker"] for arm in known["arms"]}
    return Advice(
        facts=_json_in_html(known),
        rules=form_script(),
        form=(Path(__file__).parent / "advise_form.js").read_text(encoding="utf-8"),
        brokers=[name for name in FAMILIES if name in measured],
        tree=branches(rates(known), features),
    )


def _json_in_html(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _systems(features: Features) -> list[str]:
    """In the order of their adapters, others behind."""
    known = in_order()
    return sorted(
        features.systems,
        key=lambda name: (known.index(name) if name in known else len(known), name),
    )


def _row(features: Features, feature: Feature) -> AbilityRow:
    places: list[AbilityView | None] = []
    for system in _systems(features):
        outcome = features.outcome(system, feature.name)
        places.append(AbilityView(outcome, features.of(system, feature.name)) if outcome else None)
    return AbilityRow(feature, places)


def claims(joined: Joined, features: Features | None) -> ClaimsView:
    """Every ruling, source by source."""
    found: list[Ruling] = []
    about = {}
    for each in load():
        found += rule([each], joined, features)
        about[each.source.name] = each.source
    sources = [(about[name], [each for each in found if each.source == name]) for name in about]
    return ClaimsView(sources, counted(found))
