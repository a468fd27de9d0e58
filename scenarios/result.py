"""result: one caller sends a task and waits for its result by the library's own call, one task after the other."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapters.base import Answers
from bench.base.errors import CellFailed
from bench.measure import validity
from bench.measure.figures import correctness, fate_measures, fates_of, first_problem, judged, not_offered, ranked
from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.model.schedule import FIRST_WARM_TASK
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.record.store import StoredCell
from bench.testbed.testbed import Stage
from scenarios.base import Needs

TASKS = {"smoke": 20, "quick": 100, "full": 500}
WARM_TASKS = 10  # the first answers pay for connections and subscriptions
AT_MOST_S = 300.0
PERCENTILES = (("round_trip_p50_ms", 50.0), ("round_trip_p90_ms", 90.0), ("round_trip_p99_ms", 99.0))
ABOUT_S = 0.06  # of one answer, for the estimate


class Result:
    """One closed loop, so the next task waits for the last answer: how long a caller stands still, not how much the system bears."""

    name = "result"
    drive_version = 1
    measure_version = 1
    about = "enqueue and wait for the result, one at a time, by the library's own call"
    basis: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = {}

    def cases(self, size: str) -> Sequence[str]:
        """One."""
        return ("-",)

    def all_cases(self) -> Sequence[str]:
        """One."""
        return ("-",)

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """How many answers are waited for."""
        return {"tasks": tasks or TASKS[size], "at_most_s": AT_MOST_S, "generators": 1}

    def slots(self, case: str, workers: int) -> int:
        """As many as the plan says."""
        return workers

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """The answers, and five seconds of starting and stopping."""
        return float(min(params["tasks"] * ABOUT_S, params["at_most_s"]) + 5)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return (*(name for name, _ in PERCENTILES), "handover_p50_ms")

    def skip(self, cell: Cell) -> str:
        """A library without such a call, a profile without results."""
        adapter, profile = cell.arm.adapter, cell.arm.profile
        if not isinstance(adapter, Answers):
            return f"{adapter.name} has no call that waits for a result"
        return "" if profile.results else f"{adapter.name}/{profile.name} keeps no results"

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Boot, a few answers to warm up, then those that count."""
        with stage.phase("boot"):
            stage.boot()
        adapter = cell.arm.adapter
        assert isinstance(adapter, Answers)
        stage.note(f"{adapter.answer_call}: {adapter.answer_how}")
        stage.mark("chosen_as_it_went", 1)
        tasks, end = int(cell.params["tasks"]), time.monotonic() + float(cell.params["at_most_s"])
        for phase, first, count in (("warmup", FIRST_WARM_TASK, WARM_TASKS), ("steady", 0, tasks)):
            with stage.phase(phase):
                stage.load.order("ask", first=first, tasks=count, until_ns=int(end * 1e9))
                _until_answered(stage, tasks, end)

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """Round trips, and the part of them that comes after the task has finished."""
        book = ledger.load(cell)
        told = fates_of(cell, book)
        answered = book.measured() & (book.enqueue == ledger.ACCEPTED)
        trips = (book.returned - book.sent)[answered] / 1e6
        handed = (book.returned - book.first_finish())[answered & (book.first_finish() >= 0)] / 1e6
        measures = [ranked(name, trips, p) for name, p in PERCENTILES] if answered.any() else not_offered((n for n, _ in PERCENTILES), "no answer came")
        measures += [ranked("handover_p50_ms", handed, 50.0), *fate_measures(told)]
        invalid = first_problem(
            lambda: validity.events(cell, book),
            lambda: "events: a result came before its task had finished" if (handed < 0).any() else "",
            lambda: validity.machine(cell, ("steady",), cores),
        )
        return judged(measures, invalid, _wrong(cell, book) or correctness(told, cell.spec["guarantee"], faulted=False))


def _until_answered(stage: Stage, tasks: int, end: float) -> None:
    """Until the caller has all its answers; its call waits at most 60 s for one, and it looks at the clock between two."""
    while not stage.load.done():
        stage.load.check_alive()
        stage.fleet.check_alive()
        stage.progress("answers", stage.tail.count() // 2, tasks)
        if time.monotonic() > end + 90:
            raise CellFailed("the caller still waits for an answer though its call was to give up after 60 s")
        time.sleep(0.02)


def _wrong(cell: StoredCell, book: Ledger) -> str:
    """Answers that were not the task's own, or never came."""
    bad = np.flatnonzero(book.enqueue == ledger.ERROR)
    if not len(bad):
        return ""
    first = cell.tasks("error")[int(bad[0])].as_py()
    return f"{len(bad)} answers were wrong or did not come: {first}"


SCENARIO = Result()
