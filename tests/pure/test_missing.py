"""A task is lost when it was nowhere for five seconds while the workers lived, not before."""

import pytest

from adapters.base import Held
from bench.testbed import pending
from bench.testbed.pending import GONE_S, PendingTasks

QUEUED = Held("queue")


class World:
    """A clock that moves only when somebody sleeps, a broker and workers.

    The broker holds what it is told to; the workers finish tasks.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, held: set[int], finish_at: dict[int, float]
    ) -> None:
        self.now, self.held, self.finish_at = 0.0, held, finish_at
        monkeypatch.setattr(pending.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(pending.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def ask(self, tasks: list[int]) -> dict[int, Held]:
        return {task: QUEUED for task in tasks if task in self.held}

    def unfinished(self) -> list[int]:
        return [task for task, at in self.finish_at.items() if at > self.now]


def test_what_the_broker_holds_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1, 2}, {1: 99.0, 2: 99.0})
    assert (
        set(PendingTasks(world.ask).at_the_end(world.unfinished) or {}) == {1, 2}
        and world.now == 0.0
    )


def test_a_task_in_the_hands_of_a_worker_gets_time_to_finish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, {2}, {1: 1.0, 2: 99.0})
    assert set(PendingTasks(world.ask).at_the_end(world.unfinished) or {}) == {2}
    assert 1.0 <= world.now < 2.0, "once it has finished nothing is waited for"


def test_a_task_that_stays_away_is_not_waited_for_longer_than_5_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, set(), {1: 99.0})
    looker = PendingTasks(world.ask)
    assert looker.at_the_end(world.unfinished) == {} and GONE_S <= world.now < GONE_S + 1
    before = world.now
    assert looker.at_the_end(world.unfinished) == {} and world.now == before, (
        "it is known to be gone"
    )


def test_a_task_that_turns_up_again_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, set(), {1: 99.0})
    sleep = world.sleep

    def requeued(seconds: float) -> None:
        sleep(seconds)
        if world.now > 2:
            world.held = {1}

    monkeypatch.setattr(pending.time, "sleep", requeued)
    assert PendingTasks(world.ask).at_the_end(world.unfinished) == {1: QUEUED}


def test_all_is_told_when_each_has_failed_or_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, set(), {})
    looker = PendingTasks(
        lambda tasks: {2: Held("failed registry", failed=True)} if 2 in tasks else {}
    )
    assert looker.all_told([]) and looker.all_told([2])
    assert not looker.all_told([1, 2])
    world.now = GONE_S + 0.1
    assert looker.all_told([1, 2])


def test_without_the_ability_to_look_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, set(), {1: 99.0})
    looker = PendingTasks(lambda tasks: None)
    assert looker.at_the_end(world.unfinished) is None and not looker.all_told([1])
    assert GONE_S <= world.now < GONE_S + 1, "as long as where it can be told"
