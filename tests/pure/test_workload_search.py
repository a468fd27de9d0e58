"""A search finds the border of queues whose border is known, in the time that it was given."""

import heapq
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from bench.model.schedule import NS
from bench.workload.bracket import SearchPoint
from bench.workload.probe import SecondCounts, by_second, probe
from bench.workload.probe_size import MOST_CELLS, Estimated, LoadSize, seconds_needed
from bench.workload.search import LOOKS, MOST_TRIES, Search
from bench.workload.search_answer import SearchAnswer, answer
from bench.workload.search_kinds import RateSearch, WorkersSearch

CAPACITY, LIMIT_S = 400.0, 0.1
# M/M/1: the share of tasks that stay longer than t is exp(-(capacity - rate) · t).
BORDER = CAPACITY - math.log(100) / LIMIT_S
SECONDS, AROUND_S, TEN_MINUTES = 60.0, 8.0, 600.0
Cell = tuple[SecondCounts, float, float]  # late tasks by second, busy share, share begun


def cell_of(arrived: np.ndarray, began: np.ndarray, left: np.ndarray, limit_s: float) -> Cell:
    """What a cell of one slot or several shows; times in s, of tasks in the order of arrival."""
    due = np.rint(arrived * NS).astype(np.int64)
    counts = by_second(due, left - arrived > limit_s, SECONDS)
    return counts, 0.0, float((began < SECONDS).mean())


def mm1(rate: float, seed: int) -> Cell:
    rng = np.random.default_rng(seed)
    arrived = np.cumsum(rng.exponential(1 / rate, int(rate * SECONDS * 1.3) + 100))
    arrived = arrived[arrived < SECONDS]
    service = rng.exponential(1 / CAPACITY, len(arrived))
    served = np.cumsum(service)
    left = served + np.maximum.accumulate(arrived - np.concatenate(([0.0], served[:-1])))
    counts, _, begun = cell_of(arrived, left - service, left, LIMIT_S)
    return counts, min(1.0, float(service[left < SECONDS].sum() / SECONDS)), begun


def workers(number: int, seed: int, rate: float, service_s: float, limit_s: float) -> Cell:
    """Fixed service times, first come first served by so many workers."""
    arrived = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, int(rate * SECONDS * 2)))
    arrived = arrived[arrived < SECONDS]
    free = [0.0] * number
    began = np.empty_like(arrived)
    for at, due in enumerate(arrived):
        began[at] = max(due, heapq.heappop(free))
        heapq.heappush(free, began[at] + service_s)
    counts, _, begun = cell_of(arrived, began, began + service_s, limit_s)
    busy = float((began < SECONDS).sum()) * service_s / (number * SECONDS)
    return counts, min(1.0, busy), begun


def carried_out(
    search: Search, cell: Callable[[float, int], Cell]
) -> tuple[SearchAnswer, list[float]]:
    """The search with cells as they come: its answer, and which probes it asked for."""
    asked: list[float] = []
    cells: dict[float, list[Cell]] = {}
    while True:
        points = [point(search, at, shown) for at, shown in cells.items()]
        spent = len(asked) * (SECONDS + AROUND_S)
        at = search.next(points, spent, AROUND_S)
        if at is None:
            return answer(search, points, spent, len(asked)), asked
        asked.append(at)
        cells.setdefault(at, []).append(cell(at, len(asked)))
        assert len(asked) < 100


def point(search: Search, at: float, cells: Sequence[Cell]) -> SearchPoint:
    told = probe([counts for counts, _, _ in cells], 1)
    busy, begun = (float(np.mean([cell[part] for cell in cells])) for part in (1, 2))
    return SearchPoint(at, told.verdict, len(cells), search.guess(at, busy, begun))


def size(rate: float) -> LoadSize:
    tasks = round(rate * SECONDS)
    return LoadSize(SECONDS, tasks, (Estimated(1, tasks),))


def rate_search(rate: float, limit_s: float = TEN_MINUTES) -> RateSearch:
    return RateSearch(size(rate), 1.0, 1e4, limit_s)


@pytest.mark.parametrize("rate", [25.0, 60.0, 200.0, 380.0, 900.0])
def test_the_rate_of_an_mm1_queue_is_found_in_ten_minutes(rate: float) -> None:
    """Over 30 seeds: the middle within 10 % of the truth in all but one, and never far from it."""
    errors, inside = [], 0
    for seed in range(30):
        found, asked = carried_out(
            rate_search(rate), lambda at, n, seed=seed: mm1(rate * at, 1000 * seed + n)
        )
        assert len(asked) * (SECONDS + AROUND_S) <= TEN_MINUTES
        assert found.found == "between" and found.holds and found.misses, (seed, found, asked)
        inside += found.holds * rate / 1.03 <= BORDER <= found.misses * rate * 1.03
        errors.append(abs(math.sqrt(found.holds * found.misses) * rate / BORDER - 1))
    assert sorted(errors)[-2] <= 0.10 and max(errors) <= 0.15, sorted(errors)[-5:]
    assert inside >= 28, "the truth lies between the two probes that are named"


def test_with_more_time_the_answer_is_as_narrow_as_it_says_and_then_it_ends() -> None:
    found, asked = carried_out(
        rate_search(100.0, 4 * TEN_MINUTES), lambda at, n: mm1(100.0 * at, n)
    )
    assert found.over and found.holds and found.misses
    assert found.misses / found.holds < 1.4
    assert max(asked.count(at) for at in asked) <= LOOKS
    assert "times the arrivals" in found.sentence() and "the time was over" not in found.sentence()


@pytest.mark.parametrize(("first", "planted"), [(1, 3), (2, 3), (3, 3), (4, 3), (16, 3)])
def test_the_planted_number_of_workers_is_found(first: int, planted: int) -> None:
    """2.5 workers are busy on average: two drown, three hold a second with ease."""
    search = WorkersSearch(size(50.0), float(first), 64.0, TEN_MINUTES)
    for seed in range(10):
        found, _ = carried_out(
            search, lambda n, at, seed=seed: workers(int(n), 100 * seed + at, 50.0, 0.05, 1.0)
        )
        assert (found.found, found.holds, found.misses) == ("between", planted, planted - 1)
        assert found.sentence().startswith("3 workers hold the objective, 2 do not")


def always(word: str) -> Callable[[float, int], Cell]:
    late = {"holds": 0, "misses": 30}[word]
    return lambda at, n: (
        SecondCounts(np.full(60, 30), np.full(60, late)),
        0.05,
        1.0,
    )


def test_a_system_that_cannot_at_any_rate_says_so() -> None:
    """Every task is late and the slots are idle: a thinner load is tried, and then no more."""
    found, asked = carried_out(rate_search(30.0), always("misses"))
    assert found.found == "never" and found.over and found.holds is None
    assert found.sentence().startswith(
        f"the objective is missed at every rate that was tried, even at {found.misses:g} times"
    )
    assert len(asked) <= 8 and min(asked) == found.misses < 1


def test_a_load_that_always_holds_ends_at_the_bound() -> None:
    found, asked = carried_out(RateSearch(size(30.0), 1.0, 40.0, TEN_MINUTES), always("holds"))
    assert found.found == "enough" and found.misses is None and max(asked) <= 40.0
    assert "nothing denser was tried" in found.sentence()
    one, _ = carried_out(WorkersSearch(size(30.0), 4.0, 64.0, TEN_MINUTES), always("holds"))
    assert one.sentence().startswith("1 worker holds the objective")
    none, tried = carried_out(WorkersSearch(size(30.0), 4.0, 16.0, TEN_MINUTES), always("misses"))
    assert none.found == "never" and max(tried) == 16.0 and none.misses == 16.0


def test_what_is_near_the_border_is_repeated_and_never_more_than_told() -> None:
    search = rate_search(100.0, 1e9)
    far = [SearchPoint(1.0, "holds"), SearchPoint(3.0, "unclear"), SearchPoint(4.0, "misses")]
    assert search.wanted(far) == pytest.approx(3 / 1.1, abs=0.02), "near the doubt first"
    near = [SearchPoint(2.8, "holds"), SearchPoint(3.0, "unclear"), SearchPoint(3.3, "misses")]
    assert search.wanted(near) == 3.0
    asked = [
        SearchPoint(2.8, "holds"),
        SearchPoint(3.0, "unclear", LOOKS),
        SearchPoint(3.3, "misses"),
    ]
    assert search.wanted(asked) is None
    assert search.bracket(asked).between == (asked[1],)
    close = [SearchPoint(3.0, "holds"), SearchPoint(3.1, "unclear"), SearchPoint(3.2, "misses")]
    assert search.wanted(close) is None, "close enough whatever lies between"


def test_probes_that_contradict_each_other_are_repeated_first() -> None:
    search = rate_search(100.0, 1e9)
    odd = [
        SearchPoint(1.0, "holds"),
        SearchPoint(2.0, "misses"),
        SearchPoint(2.2, "holds"),
        SearchPoint(4.0, "misses"),
    ]
    found = search.bracket(odd)
    assert found.holds and found.misses and (found.holds.at, found.misses.at) == (1.0, 4.0)
    assert [each.at for each in found.contested] == [2.0, 2.2]
    assert search.wanted(odd) == 2.0
    once = [odd[0], SearchPoint(2.0, "misses", 2), *odd[2:]]
    assert search.wanted(once) == 2.2


def test_nothing_is_tried_behind_a_load_that_cannot_be_measured() -> None:
    search = rate_search(100.0, 1e9)
    wall = SearchPoint(16.0, "invalid", MOST_TRIES)
    assert search.wanted([SearchPoint(16.0, "invalid", 1)]) == 16.0
    at = search.wanted([SearchPoint(1.0, "holds", 1, 20.0), wall])
    assert at == 4.0, "between the two"
    assert search.wanted([SearchPoint(9.0, "holds", 1, 20.0), wall]) is None
    told = answer(search, [SearchPoint(9.0, "holds", 1, 20.0), wall], 100.0, 3)
    assert told.found == "enough" and "no valid cell at 16" in told.sentence()
    nothing = answer(search, [wall], 10.0, 2)
    assert nothing.found == "unknown" and nothing.sentence().startswith("no answer: no valid cell")


def test_a_thin_load_takes_several_cells_or_a_denser_beginning() -> None:
    thin = LoadSize(60.0, 600, (Estimated(1, 600),))
    assert thin.cells_at(1.0) == 2 and thin.cells_at(3.0) == 1
    search = RateSearch(thin, 1.0, 100.0, 1e9)
    assert search.wanted([]) == 1.0
    assert search.wanted([SearchPoint(1.0, "unclear")]) == 1.0, "one cell of 600 tasks has no P99"
    assert search.wanted([SearchPoint(1.0, "unclear", 2)]) != 1.0
    sparse = LoadSize(60.0, 30, (Estimated(1, 30),))
    assert sparse.cells_at(1.0) > MOST_CELLS
    begins = RateSearch(sparse, 1.0, 100.0, 1e9).wanted([SearchPoint(1.0, "unclear")])
    assert begins and begins > 1 and sparse.decidable(begins)
    assert WorkersSearch(sparse, 2.0, 64.0, 1e9).wanted([]) is None


def test_a_trace_gets_shorter_as_it_gets_denser() -> None:
    trace = LoadSize(120.0, 12_000, (Estimated(1, 12_000),), shrinks=True)
    assert trace.seconds_at(4.0) == 30.0 and trace.arrivals_at(4.0) == 12_000
    assert [trace.cells_at(times) for times in (1.0, 4.0, 12.0)] == [1, 2, 4]
    assert not trace.decidable(100.0)
    search = RateSearch(trace, 1.0, 1e4, 1e9)
    at = search.wanted([SearchPoint(12.0, "holds", 4, 200.0)])
    assert at is not None and at > 12.0 and trace.decidable(at)


def test_what_a_verdict_takes_is_what_the_probe_asks_for() -> None:
    for spared in (1, 10, 50):
        seconds = math.ceil(seconds_needed(spared))
        tasks = max(40 * seconds, 3000)
        due = np.full(seconds, tasks // seconds)
        assert probe([SecondCounts(due, np.zeros_like(due))], spared).verdict == "holds"
        short = probe([SecondCounts(due[1:], np.zeros_like(due[1:]))], spared).verdict
        assert short == "unclear"


def test_no_probe_is_begun_that_would_not_be_over_in_time() -> None:
    search = rate_search(100.0)
    assert search.next([], 0.0, AROUND_S) == 1.0
    assert search.next([], TEN_MINUTES - SECONDS - AROUND_S, AROUND_S) == 1.0
    assert search.next([], TEN_MINUTES - SECONDS, AROUND_S) is None
    cut = answer(search, [SearchPoint(1.0, "holds"), SearchPoint(4.0, "misses")], 590.0, 8)
    assert not cut.over and cut.sentence().endswith("the time was over before the search was)")


def test_the_answer_for_a_machine_has_the_sentence() -> None:
    told = answer(
        rate_search(100.0), [SearchPoint(2.0, "holds"), SearchPoint(2.2, "misses")], 140.0, 2
    )
    assert told.sentence() == (
        "the objective holds at 2 times the arrivals (200/s) and is missed at 2.2 times the "
        "arrivals (220/s) (2 cells of 140 s in all)"
    )
    document = told.as_json()
    assert document["sentence"] == told.sentence() and document["unclear"] == []
    kept_out = answer(rate_search(100.0), [], 3.0, 1, "RQ has no priorities")
    assert kept_out.sentence().startswith("no answer: RQ has no priorities")


def test_a_queue_that_stands_still_now_and_then_is_not_followed_to_ever_thinner_loads() -> None:
    """Unclear while its slots are idle: repeated, then left, for a thinner load is no clearer."""
    search = rate_search(60.0, 1e9)
    idle = SearchPoint(1.0, "unclear", 1, 5.6)
    assert search.wanted([idle]) == 1.0
    often = SearchPoint(1.0, "unclear", LOOKS, 5.6)
    assert search.wanted([often]) == 5.6
    at = search.wanted([often, SearchPoint(5.6, "misses", 1, 5.0)])
    assert at is not None and 1.0 < at < 5.6
    told = answer(search, [often, SearchPoint(5.6, "misses")], 500.0, 4)
    assert told.sentence().startswith(
        "no rate that was tried holds the objective for certain: it is missed at 5.6 times the "
        "arrivals (336/s); unclear at 1 ("
    )
    busy = SearchPoint(1.0, "unclear", 1, 0.97)
    assert search.wanted([busy]) == pytest.approx(1 / 1.1, abs=0.01), "near the border"
