"""The published decision tree, and what our data says of each of its branches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.features.stored import Features
from bench.report.words import listing, number

SMALL_PER_S = 100.0  # the tree does not say what is small: a figure to have one


@dataclass(frozen=True)
class Branch:
    """A question of the tree, its advice, and what was seen."""

    question: str
    advice: str
    seen: str


def branches(known: Mapping[str, Any], features: Features | None) -> list[Branch]:
    """“Complex workflows? Celery. Else by scale: small Huey; else Redis a must? RQ, otherwise Celery.”"""
    return [
        Branch("Complex workflows needed? Yes", "Celery", _flows(features)),
        Branch("No, and small scale", "Huey", _small(known)),
        Branch("Medium to large, Redis a must", "RQ", _fastest(known, "redis")),
        Branch("Medium to large, Redis no must", "Celery", _fastest(known, "")),
    ]


def _flows(features: Features | None) -> str:
    if features is None:
        return "no features were given"
    names = ("flow.chain", "flow.group", "flow.chord", "flow.nested", "flow.error")
    return "; ".join(f"{system}: {listing([f'{name} {features.outcome(system, name)}' for name in names])}" for system in features.systems)


def _rates(known: Mapping[str, Any], broker: str) -> list[tuple[float, str]]:
    arms = [arm for arm in known["arms"] if arm["rate"] and (not broker or arm["broker"] == broker)]
    return sorted(((float(arm["rate"]["value"]), str(arm["arm"])) for arm in arms), reverse=True)


def _small(known: Mapping[str, Any]) -> str:
    enough = [name for rate, name in _rates(known, "") if rate >= SMALL_PER_S]
    return f"at {SMALL_PER_S:g} tasks/s, say, these keep up: {listing(enough) or 'none'}: scale alone does not single out Huey"


def _fastest(known: Mapping[str, Any], broker: str) -> str:
    shown = [f"{name} {number(rate)}/s" for rate, name in _rates(known, broker)]
    return f"by measured rate{f' on {broker}' if broker else ''}: {listing(shown) or 'no figure'}"
