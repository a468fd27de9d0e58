"""How systems write themselves, and in which order reports list them: as their adapters say."""

from functools import cache

from adapters.base import Adapter, Ordered, Titled
from bench.model.arm import load_adapters


def title(system: str) -> str:
    """How a system writes itself; its name where no adapter that is installed says so."""
    adapter = _adapters().get(system)
    return adapter.title if isinstance(adapter, Titled) else system


@cache
def in_order() -> tuple[str, ...]:
    """The systems that have a place in reports, in that order; all others follow them."""
    placed = [(each.order, name) for name, each in _adapters().items() if isinstance(each, Ordered)]
    return tuple(name for _, name in sorted(placed))


@cache
def _adapters() -> dict[str, Adapter]:
    return load_adapters()
