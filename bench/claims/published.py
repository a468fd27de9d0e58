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


def claims_of(item: str) -> Mapping[str, Claim]:
    """System → what was published for an item of the headline; empty where nothing was."""
    return _by_item().get(item, {})


@cache
def source() -> str:
    """Where the figures are from and how they were obtained, in whole sentences."""
    return " ".join(
        f"{about.table}, of {about.name}. {about.method[0].upper()}{about.method[1:]}."
        for about in (each.source for each in load())
        if about.table
    )


@cache
def _by_item() -> Mapping[str, Mapping[str, Claim]]:
    found: dict[str, Mapping[str, Claim]] = {}
    for item, texts, values in (each for claims in load() for each in _items(claims)):
        if item in found:
            raise UsageError(f"two published tables have the item {item!r}: the headline shows one")
        found[item] = {system: Claim(text, values.get(system)) for system, text in texts.items()}
    return found


def _items(claims: Claims) -> Iterator[tuple[str, Mapping[str, str], Mapping[str, float]]]:
    """(item, system → text, system → number) of what stands in the headline."""
    every = (
        *((each.item, each.printed, each.values) for each in claims.ratio),
        *((each.item, each.says, each.values) for each in claims.unlike),
        *((each.item, each.says, each.seconds) for each in claims.recovery),
    )
    return (each for each in every if each[0])
