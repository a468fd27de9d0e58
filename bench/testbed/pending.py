"""Tasks that have not finished: where the broker holds them, or since when it does not."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from adapters.base import Adapter, Held, Holds, NamesQueues
from bench.brokers.urls import cleaned
from bench.record import ledger

GONE_S = 5.0  # a task that was held nowhere for so long will not come back: it is lost
LOOK_S = 0.25
BACK_S = 3.0  # by then a broker has noticed that a killed client is gone
Places = Mapping[int, Held]


class PendingTasks:
    """The unfinished tasks of a cell, and since when the broker holds them nowhere.

    `ask` gives the places of tasks, None where they cannot be told.
    """

    def __init__(self, ask: Callable[[list[int]], Places | None]) -> None:
        self._ask = ask
        self._nowhere_since: dict[int, float] = {}

    def look(self, tasks: Iterable[int]) -> Places | None:
        """Ask once more, and note what is held nowhere."""
        tasks = list(tasks)
        places = self._ask(tasks) if tasks else {}
        if places is None:
            return None
        now = time.monotonic()
        for task in tasks:
            if task in places:
                self._nowhere_since.pop(task, None)
            else:
                self._nowhere_since.setdefault(task, now)
        return places

    def gone(self, task: int) -> bool:
        """Whether a task has been held nowhere for 5 s."""
        return time.monotonic() - self._nowhere_since.get(task, time.monotonic()) >= GONE_S

    def all_told(self, tasks: Iterable[int]) -> bool:
        """Whether each of these is recorded as failed or has been nowhere for 5 s.

        False where it cannot be told.
        """
        tasks = list(tasks)
        places = self.look(tasks)
        return places is not None and all(
            self.gone(task) or (task in places and places[task].failed) for task in tasks
        )

    def at_the_end(self, unfinished: Callable[[], Iterable[int]]) -> Places | None:
        """Where each unfinished task was held when the cell ended; None where it cannot be told.

        The workers are still alive: a task that is nowhere may be in their hands, popped or
        running. It gets 5 s to finish or to turn up before it is called lost. Where nothing can be
        told while workers live, they get these 5 s too: what is asked afterwards must not be our
        own doing.
        """
        in_hand = set(unfinished())
        held = self.look(in_hand)
        if held is None:
            deadline = time.monotonic() + GONE_S
            while list(unfinished()) and time.monotonic() < deadline:
                time.sleep(LOOK_S)
            return None
        places = dict(held)
        while in_hand := {
            task for task in in_hand.intersection(unfinished()) - held.keys() if not self.gone(task)
        }:
            time.sleep(LOOK_S)
            held = self.look(in_hand)
            if held is None:
                return None
            places.update(held)
        return places

    def without_workers(self, before: Places | None, unfinished: Iterable[int]) -> Places | None:
        """The places `before`, and those that show only now that the workers are gone.

        RabbitMQ shows only then what it had given to them and takes back.
        """
        nowhere = [task for task in unfinished if task not in (before or {})]
        if not nowhere:
            return before or {}
        deadline = time.monotonic() + BACK_S
        while (
            (held := self._ask(nowhere)) is None and before is None and time.monotonic() < deadline
        ):
            time.sleep(LOOK_S)
        return before if held is None else {**held, **(before or {})}


def places(
    adapter: Adapter,
    broker: str,
    handles: Mapping[int, str],
    tasks: Iterable[int],
    note: Callable[[str], None],
    queues: Sequence[str] = (),
) -> Places | None:
    """Where the broker holds these tasks now; of a workload on these `queues`.

    None if the adapter cannot tell, or the broker does not answer; then `note` is told why.
    """
    if not isinstance(adapter, Holds):
        return None
    wanted = {task: handles.get(task, "") for task in tasks}
    try:
        if queues and isinstance(adapter, NamesQueues):
            return adapter.held_in(broker, wanted, queues)
        return adapter.held(broker, wanted)
    except Exception as error:
        # Redis clients raise errors of their own; a question that failed must not be read as
        # "nowhere".
        why = "" if isinstance(error, OSError) else f": {cleaned(error, broker)[:120]}"
        note(f"the broker could not be asked what it holds: {type(error).__name__}{why}")
        return None


def unfinished(book: ledger.Ledger) -> list[int]:
    """The tasks that were accepted, or may have been, and that have not finished."""
    sent = (book.enqueue != ledger.UNSENT) & (book.enqueue != ledger.ERROR)
    return [int(task) for task in book.task[book.measured() & sent & (book.finishes() == 0)]]
