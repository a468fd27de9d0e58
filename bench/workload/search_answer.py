"""What a search has found, in words that say no more than the probes do."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from bench.model.stored import Json
from bench.workload.bracket import SearchPoint
from bench.workload.search import Kind, Search
from bench.workload.search_kinds import RateSearch

Found = Literal["between", "enough", "never", "unknown"]


@dataclass(frozen=True)
class SearchAnswer:
    """The answer for one arm.

    `found` is `between` where a probe holds and a harder one misses, `enough` where one holds and
    no harder one misses, `never` where one misses and no easier one holds, else `unknown`. `holds`
    and `misses` are those probes, `unclear` lie between them. `per_s` is the arrivals of the file a
    second. `over` is false where the time was over before the search was. `why` is what kept an
    arm from being measured.
    """

    kind: Kind
    found: Found
    holds: float | None
    misses: float | None
    unclear: tuple[float, ...]
    invalid: tuple[float, ...]
    per_s: float
    cells: int
    seconds: float
    over: bool
    why: str = ""

    def sentence(self) -> str:
        """The answer in words."""
        said = self._rate() if self.kind == "rate" else self._workers()
        cells = f"{self.cells} cell{'s' if self.cells != 1 else ''} of {self.seconds:.0f} s in all"
        return f"{said} ({cells}{'' if self.over else '; the time was over before the search was'})"

    def as_json(self) -> Json:
        """For --json and the run folder, with the sentence."""
        document = asdict(self)
        lists = {name: list(document[name]) for name in ("unclear", "invalid")}
        return {**document, **lists, "sentence": self.sentence()}

    def _rate(self) -> str:
        match self.found:
            case "between":
                return (
                    f"the objective holds at {self._load(self.holds)} and is missed at "
                    f"{self._load(self.misses)}{self._doubts()}"
                )
            case "enough":
                return (
                    f"the objective holds at {self._load(self.holds)}{self._doubts()}; "
                    f"{self._walls() or 'nothing denser was tried'}"
                )
            case "never":
                if self.unclear:
                    return (
                        f"no rate that was tried holds the objective for certain: it is missed at "
                        f"{self._load(self.misses)}{self._doubts()}"
                    )
                return (
                    "the objective is missed at every rate that was tried, even at "
                    f"{self._load(self.misses)}"
                )
        return self._nothing()

    def _workers(self) -> str:
        match self.found:
            case "between" if self.holds == (self.misses or 0) + 1:
                return f"{_counted(self.holds)} hold{_s(self.holds)} the objective, " + (
                    f"{self.misses:g} {'does' if self.misses == 1 else 'do'} not"
                )
            case "between":
                return (
                    f"the fewest are between {(self.misses or 0) + 1:g} and {self.holds:g} "
                    f"workers: {self.holds:g} hold the objective, {self.misses:g} "
                    f"miss{'es' if self.misses == 1 else ''} it{self._doubts()}"
                )
            case "enough" if self.holds == 1:
                return "1 worker holds the objective"
            case "enough":
                return (
                    f"{_counted(self.holds)} hold{_s(self.holds)} the objective{self._doubts()}; "
                    f"{self._walls() or 'fewer were not tried'}"
                )
            case "never":
                if self.unclear:
                    return (
                        "no number of workers that was tried holds the objective for certain: "
                        f"{_counted(self.misses)} miss{'es' if self.misses == 1 else ''} it"
                        f"{self._doubts()}"
                    )
                return (
                    "the objective is missed with every number of workers that was tried, even "
                    f"with {self.misses:g}"
                )
        return self._nothing()

    def _load(self, times: float | None) -> str:
        assert times is not None
        return f"{times:g} times the arrivals ({self.per_s * times:.3g}/s)"

    def _doubts(self) -> str:
        if not self.unclear:
            return ""
        return f"; unclear at {_listed(self.unclear)}"

    def _walls(self) -> str:
        return f"no valid cell at {_listed(self.invalid)}" if self.invalid else ""

    def _nothing(self) -> str:
        if self.why:
            return f"no answer: {self.why}"
        tried = "; ".join(filter(None, (self._doubts().removeprefix("; "), self._walls())))
        return f"no answer: {tried or 'no probe was carried out'}"


def answer(
    search: Search, points: Sequence[SearchPoint], spent_s: float, cells: int, why: str = ""
) -> SearchAnswer:
    """What these points come to; `why` is what kept the arm from being measured, if anything did.

    `spent_s` and `cells` are of all cells, valid or not.
    """
    found = search.bracket(points)
    ends = found.holds, found.misses
    return SearchAnswer(
        "rate" if isinstance(search, RateSearch) else "workers",
        _found(ends[0] is not None, ends[1] is not None),
        ends[0].at if ends[0] else None,
        ends[1].at if ends[1] else None,
        tuple(each.at for each in found.between if each.valid),
        tuple(each.at for each in search.telling(points) if not each.valid),
        search.size.per_s,
        cells,
        round(spent_s, 1),
        bool(why) or search.wanted(points) is None,
        why,
    )


def _found(holds: bool, misses: bool) -> Found:
    if holds:
        return "between" if misses else "enough"
    return "never" if misses else "unknown"


def _counted(number: float | None) -> str:
    return f"{number:g} worker{'' if number == 1 else 's'}"


def _s(number: float | None) -> str:
    return "s" if number == 1 else ""


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
