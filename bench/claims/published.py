"""The published figures that the headline stands beside, as the tables have them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from bench.base.errors import UsageError
from bench.claims.form import Claims, load


@dataclass(frozen=True)
class Claim:
    """`text` as it was printed; `value` in the unit of our measure, None where it is no number."""

    text: str
    value: float | None


def claim(item: str, system: str) -> Claim | None:
    """What was published for this item of the headline, or None."""
    return claims_of(item).get(system)


def claims_of(item: str) -> Mapping[str, Claim]:
    """System → what was published for an item of the headline; empty where nothing was."""
    return _by_item().get(item, {})


@cache
def source() -> str:
    """Where the figures are from and how they were obtained, in whole sentences."""
    return " ".join(_sentences(each) for each in load() if each.source.table)


def _sentences(claims: Claims) -> str:
    about = claims.source
    return f"{about.table}, of {about.name}. {about.method[0].upper()}{about.method[1:]}."


@cache
def _by_item() -> Mapping[str, Mapping[str, Claim]]:
    found: dict[str, Mapping[str, Claim]] = {}
    for item, systems in (each for claims in load() for each in _items(claims)):
        if item in found:
            raise UsageError(f"two published tables have the item {item!r}: the headline shows one")
        found[item] = systems
    return found


def _items(claims: Claims) -> Iterator[tuple[str, Mapping[str, Claim]]]:
    for ratio in (each for each in claims.ratio if each.item):
        yield ratio.item, _claims(ratio.printed, ratio.values)
    for unlike in (each for each in claims.unlike if each.item):
        yield unlike.item, _claims(unlike.says, unlike.values)
    for recovery in (each for each in claims.recovery if each.item):
        yield recovery.item, _claims(recovery.says, recovery.seconds)


def _claims(texts: Mapping[str, str], values: Mapping[str, float]) -> Mapping[str, Claim]:
    return {system: Claim(text, values.get(system)) for system, text in texts.items()}
