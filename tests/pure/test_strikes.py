"""Several strikes in one cell.

Each answers for the tasks that it hit first, and only until the next.
"""

from pathlib import Path

from bench.measure.injections import injections
from bench.model.cell_log import Injection, poison_tasks
from bench.model.fault import Fault
from tests.events_files import SECOND, book, ran, sent

MARKS = {"begin_ns": 0, "rate": 20.0}


def fault(t0_s: float, poison_task: int | None = None) -> Injection:
    return Injection(
        kind=Fault.WORKER_CRASH,
        t0_ns=int(t0_s * SECOND),
        victims=(1,),
        poison_task=poison_task,
        load_spike_ns=int((t0_s - 0.05) * SECOND),
        end_ns=int((t0_s + 0.05) * SECOND),
    )


def even(tmp_path: Path, lost: tuple[int, ...] = ()):  # type: ignore[no-untyped-def]
    """Twenty tasks a second for 60 s, each done 1 ms after it came; those that are lost never."""
    step = SECOND // 20
    plan = {task: task * step for task in range(1200)}
    sends = [row for task, due in plan.items() for row in sent(task, due, due, due + 1000)]
    runs = [
        row
        for task, due in plan.items()
        if task not in lost
        for row in ran(task, due + 2000, due + 1_000_000)
    ]
    return book(tmp_path, plan, sends, runs)


def test_a_task_belongs_to_the_strike_that_hit_it_first(tmp_path: Path) -> None:
    made = even(tmp_path, lost=(199, 599))
    first, second = injections(made, [fault(10.0), fault(30.0)], MARKS, 60 * SECOND, 2)
    assert (first.hit, second.hit) == ([199], [599])
    assert first.timing.end_ns == int(29.95 * SECOND) and second.timing.lead_until_ns == 10 * SECOND
    assert (first.seen.work, first.seen.service, second.seen.service) == (None, 0.0, 0.0)


def test_the_load_spike_of_the_next_strike_is_no_backlog_of_this_one(tmp_path: Path) -> None:
    step, spike = SECOND // 20, int(29.95 * SECOND)
    plan = {task: task * step for task in range(1200)} | {2000 + n: spike for n in range(8)}
    sends = [row for task, due in plan.items() for row in sent(task, due, due, due + 1000)]
    runs = [
        row
        for task, due in plan.items()
        for row in ran(task, due + (2_000_000_000 if task >= 2000 else 2000), due + 2_000_500_000)
    ]
    first, _ = injections(
        book(tmp_path, plan, sends, runs), [fault(10.0), fault(30.0)], MARKS, 60 * SECOND, 2
    )
    assert first.seen.backlog == 0.0


def test_what_a_human_freed_comes_after_the_end(tmp_path: Path) -> None:
    made = even(tmp_path).until(30 * SECOND)
    assert int((made.finishes() > 0).sum()) == 600


def test_the_task_that_does_harm_is_nobodys_victim(tmp_path: Path) -> None:
    struck = [fault(10.0, poison_task=199)]
    made = even(tmp_path, lost=(199,)).without(poison_tasks(struck))
    (only,) = injections(made, struck, MARKS, 60 * SECOND, 2)
    assert only.hit == [] and 199 not in made.task
