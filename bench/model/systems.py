"""The systems that can be measured: their adapters by name, and what these say of them."""

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path
from typing import cast

from adapters.base import Adapter, Begins, Launch, Ordered, ReadsVariables, Stops, Titled
from bench.base.errors import UsageError
from bench.base.paths import ROOT
from bench.model.manifest import ArmRecord


def load_adapters(extra: Iterable[Path] = ()) -> dict[str, Adapter]:
    """Every adapter by name: of the folders under adapters/, the entry points, and `extra` folders.

    UsageError where a folder is no adapter, or two adapters have one name.
    """
    ours = sorted((ROOT / "adapters").glob("*/adapter.py"))
    adapters: dict[str, Adapter] = {}
    for adapter in chain(
        (import_module(f"adapters.{path.parent.name}.adapter").ADAPTER for path in ours),
        (point.load() for point in entry_points(group="queue_bench.adapters")),
        map(_from_folder, extra),
    ):
        if not isinstance(getattr(adapter, "version", None), int):
            raise UsageError(
                f"the adapter {adapter.name} has no version: "
                "write `version = 1` into it, see docs/adding-a-system.md"
            )
        if adapter.name in adapters:
            raise UsageError(f"two adapters call themselves {adapter.name}: rename one of them")
        adapters[adapter.name] = adapter
    return adapters


def _from_folder(folder: Path) -> Adapter:
    folder = folder.resolve()
    if not (folder / "adapter.py").is_file() or not (folder / "app.py").is_file():
        raise UsageError(
            f"{folder} is not an adapter folder: "
            "it needs adapter.py and app.py, see docs/adding-a-system.md"
        )
    sys.path.insert(0, str(folder.parent))
    try:
        # A user's module: what of the contract it keeps is seen when it is used.
        return cast(Adapter, import_module(f"{folder.name}.adapter").ADAPTER)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"{folder}/adapter.py cannot be used: {error}") from None


_installed = cache(load_adapters)


def read_by(adapters: Iterable[Adapter]) -> tuple[str, ...]:
    """The patterns of the variables that these systems read."""
    return tuple(
        name
        for adapter in adapters
        if isinstance(adapter, ReadsVariables)
        for name in adapter.variables
    )


def title(system: str) -> str:
    """How a system writes itself; its name where no adapter that is installed says so."""
    adapter = _installed().get(system)
    return adapter.title if isinstance(adapter, Titled) else system


def first_broker(system: str) -> str:
    """The broker that a system's documentation begins with; nothing where no adapter says so."""
    adapter = _installed().get(system)
    return adapter.first_broker if isinstance(adapter, Begins) else ""


def graceful_signal(arm: ArmRecord) -> str:
    """The signal that the documentation of an arm's system gives for a graceful stop of it.

    Nothing where no adapter says so.
    """
    adapter = _installed().get(arm.system)
    if not isinstance(adapter, Stops):
        return ""
    settings = {setting.name: setting.value for setting in arm.settings}
    return adapter.graceful_signal(Launch(arm.profile, settings, 1, arm.broker))


@cache
def in_order() -> tuple[str, ...]:
    """The systems that have a place in reports, in that order; all others follow them."""
    placed = (
        (each.order, name) for name, each in _installed().items() if isinstance(each, Ordered)
    )
    return tuple(name for _, name in sorted(placed))
