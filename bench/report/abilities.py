"""What each system can do, the published claims beside it, and the form that advises."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.advise.facts import facts, rates
from bench.advise.javascript import form_script
from bench.analysis.dataset import Joined
from bench.claims.form import Source, load
from bench.claims.judge import rule
from bench.claims.published_tree import JudgedBranch, branches
from bench.claims.rulings import Ruling, counts
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


AbilityRow = tuple[Feature, Sequence[AbilityView | None]]


@dataclass(frozen=True)
class Abilities:
    """The table: (group, its rows), and (outcome, how often, what it means).

    A row is a feature and its place for every system.
    """

    systems: Sequence[str]
    groups: Sequence[tuple[str, Sequence[AbilityRow]]]
    counts: Sequence[tuple[str, int, str]]
    created: str
    versions: Sequence[str]
    quick: bool


@dataclass(frozen=True)
class Advice:
    """The form: facts as JSON that is safe inside of a script element, and its scripts.

    `backlog`: how many tasks wait where nothing else is asked for.
    """

    facts: str
    rules: str
    form: str
    backlog: int | None
    brokers: Sequence[str]
    tree: Sequence[JudgedBranch]


@dataclass(frozen=True)
class ClaimsView:
    """Every ruling, source by source, and (verdict, how many have it, what it means)."""

    sources: Sequence[tuple[Source, Sequence[Ruling]]]
    counts: Sequence[tuple[str, int, str]]


def section(features: Features | None) -> Abilities | None:
    """The table of what was tried; None where no features were given."""
    if features is None:
        return None
    known = in_order()
    # In the order of their adapters, others behind.
    systems = sorted(
        features.systems,
        key=lambda name: (known.index(name) if name in known else len(known), name),
    )
    rows = [(each, [_place(features, each, system) for system in systems]) for each in CATALOG]
    groups = [(group, [row for row in rows if row[0].group == group]) for group in GROUPS]
    counts = Counter(each.outcome for each in features.findings)
    return Abilities(
        systems=systems,
        groups=[
            (group, mine)
            for group, mine in groups
            if any(place for _, row in mine for place in row)
        ],
        counts=[
            (name, counts[name], meaning) for name, meaning in OUTCOMES.items() if counts[name]
        ],
        created=features.record.created,
        versions=sorted(
            {
                f"{name} {version}"
                for each in features.findings
                for name, version in each.versions.items()
            }
        ),
        quick=features.record.quick,
    )


def _place(features: Features, feature: Feature, system: str) -> AbilityView | None:
    outcome = features.outcome(system, feature.name)
    return AbilityView(outcome, features.of(system, feature.name)) if outcome else None


def advice(joined: Joined, features: Features | None) -> Advice:
    """What the form and the published tree are made from.

    `facts`, `rules` and `form` are safe inside of a script element.
    """
    known = facts(joined, features)
    as_json = json.dumps(known, ensure_ascii=True, separators=(",", ":"))
    measured = {arm["broker"] for arm in known["arms"]}
    return Advice(
        facts=(as_json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")),
        rules=form_script(),
        form=(Path(__file__).parent / "advise_form.js").read_text(encoding="utf-8"),
        backlog=known["backlog"],
        brokers=[name for name in FAMILIES if name in measured],
        tree=branches(*rates(known), features),
    )


def claims(joined: Joined, features: Features | None) -> ClaimsView:
    """Every ruling, source by source."""
    published = load()
    rulings = rule(published, joined, features)
    sources = {each.source.name: each.source for each in published}
    by_source = [
        (source, [each for each in rulings if each.source == name])
        for name, source in sources.items()
    ]
    return ClaimsView(by_source, counts(rulings))
