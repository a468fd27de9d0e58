"""`carried.json` beside the runs of a reference: which parts may stand though the code has changed, and whether the evidence bears it.

The evidence lies in a folder of its own, slim runs `old-1, new-1, old-2, new-2, …`, measured in turns by the code before and after. It is
judged anew each time it is asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import store
from bench.carried import fates, speed
from bench.errors import UsageError
from bench.selftest.stored import SAME
from bench.store import Run

FILE = "carried.json"
FOLDER = "carried"  # beside the reference
FIELDS = {"scenarios": list, "from": list, "to": list, "reason": str, "evidence": list}
RECOVERY = "recovery"


@dataclass(frozen=True)
class Carried:
    """An entry that covers a part, with what its evidence comes to; `against` is empty where it bears the claim."""

    reason: str
    pairs: int
    shown: tuple[speed.Shown, ...]
    against: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the part may stand as it was measured."""
        return not self.against

    @property
    def words(self) -> str:
        """For the reader of the part."""
        if not self.holds:
            return f"the code has changed since ({self.reason}), and that this makes no difference is NOT shown: {'; '.join(self.against)}"
        return f"carried over: the code has changed since ({self.reason}), shown in {self.pairs} pairs of runs in turns to {self._limits}"

    @property
    def _limits(self) -> str:
        bounds = ((speed.largest(self.shown, names), word) for names, word in ((speed.COSTS, "of memory and CPU"), (speed.SPEEDS, "of rates and latency")))
        texts = [f"{bound * 100:.0f} % {word}" for bound, word in bounds if bound is not None]
        return f"make no difference larger than {' and '.join(texts)}" if texts else "leave every fate of a task what it was, but for matters of timing"


def carried(run: Run, scenario: str, now: str | None = None) -> Carried | None:
    """What covers a scenario of a run of a reference, from its stored fingerprint to `now` (where None: to any); None where nothing does."""
    reference = run.path.resolve().parent
    before = run.info.get("fingerprint", {}).get(scenario)
    for entry in entries(reference / FILE):
        if scenario in entry["scenarios"] and before in entry["from"] and (now is None or now in entry["to"]):
            return judged(entry, [reference.parent / FOLDER / name for name in entry["evidence"]], scenario, systems_of(run, scenario))
    return None


def entries(path: Path) -> list[Mapping[str, Any]]:
    """Those of carried.json; none where there is no file, UsageError where it is damaged."""
    if not path.is_file():
        return []
    found = store.read_json(path)
    if not isinstance(found, list) or not all(isinstance(each, dict) and all(isinstance(each.get(n), kind) for n, kind in FIELDS.items()) for each in found):
        raise UsageError(f"{path} is damaged: it is a list of entries with {', '.join(FIELDS)}, see docs/decisions/0018-carried-over.md")
    return found


def systems_of(run: Run, scenario: str) -> set[str]:
    """The systems that a run measured in a scenario."""
    return {str(run.info["arms"][line["arm"]]["system"]) for line in run.info["cells"] if line["scenario"] == scenario}


def judged(entry: Mapping[str, Any], folders: Sequence[Path], scenario: str, systems: set[str]) -> Carried:
    """The evidence of an entry, weighed. A folder has the pairs of one sitting; a measure rests on the pairs of all that have it."""
    sets = [alternating(folder) for folder in folders]
    pairs = [pair for each in sets for pair in each]
    against = [text for each in sets for text in _unfit(entry, each, scenario)]
    if scenario == RECOVERY:
        return Carried(str(entry["reason"]), len(pairs), (), (*against, *fates.against(pairs, systems)))
    shown = tuple(speed.compared(pairs, scenario))
    return Carried(str(entry["reason"]), len(pairs), shown, (*against, *speed.against(shown, systems)))


def alternating(folder: Path) -> list[tuple[Run, Run]]:
    """old-1 with new-1, old-2 with new-2, … as long as both are there."""
    found: list[tuple[Run, Run]] = []
    while all((folder / f"{side}-{len(found) + 1}").is_dir() for side in ("old", "new")):
        place = len(found) + 1
        found.append((store.open_run(folder / f"old-{place}"), store.open_run(folder / f"new-{place}")))
    return found


def _unfit(entry: Mapping[str, Any], pairs: Sequence[tuple[Run, Run]], scenario: str) -> Iterator[str]:
    """Reasons for which the runs are no evidence of this change at all."""
    from bench.stats import MIN_BLOCKS

    if len(pairs) < MIN_BLOCKS:
        yield f"{len(pairs)} pairs of runs where {MIN_BLOCKS} are needed"
    for run, side in ((run, side) for pair in pairs for run, side in zip(pair, ("from", "to"), strict=True)):
        if run.info.get("fingerprint", {}).get(scenario) not in entry[side]:
            yield f"{run.path.name} was measured by other code than the entry says"
    if len({tuple(run.info["machine"].get(name) for name in SAME) for pair in pairs for run in pair}) > 1:
        yield "the runs are of several machines"
    stamps = [str(run.info.get("created", "")) for pair in pairs for run in pair]
    if any(max(stamps[at : at + 2]) >= min(stamps[at + 2 : at + 4]) for at in range(0, len(stamps) - 2, 2)):
        yield "old and new were not measured in turns"
