"""The worker of the synthetic queue: `python -m synthetic.worker SLOT CHILDREN`.

It writes what it did into its log, as JSON lines.
"""

import json
import mmap
import os
import random
import sys
import threading
import time
from time import monotonic_ns
from typing import Any

import redis

from bench.inprocess import body, cell_context

QUEUE, RUNNING, STARTS = "synthetic", "synthetic-running", "synthetic-starts"
SPIN_NS = 300_000  # a sleep ends late by up to this; the rest is spun away
IDLE_S = 0.02
TRUTH_EVERY = 500
STEP_AT = 100
PAGE = mmap.PAGESIZE
READY_TASKS = -10_000  # ids between this and 0 only show that the slots are ready


def tell(**truth: Any) -> None:
    """Write what this worker did into its log, as a line of JSON."""
    print(json.dumps(truth), flush=True)


def until(stamp_ns: int) -> None:
    """Come back at this moment, to a few microseconds."""
    while (left := stamp_ns - monotonic_ns()) > 0:
        if left > SPIN_NS:
            time.sleep((left - SPIN_NS) / 1e9)


def taken(size: int) -> mmap.mmap:
    """Memory of our own, every page of it touched."""
    region = mmap.mmap(-1, size)
    for at in range(0, size, PAGE):
        region[at] = 1
    return region


class Worker:
    """One slot of the synthetic queue and the settings that it follows."""

    def __init__(self, slot: int) -> None:
        self.settings: dict[str, Any] = cell_context.load()["settings"]
        self.slot = slot
        self.random = random.Random(f"{self.settings['seed']}/{slot}")
        self.client: Any = redis.Redis.from_url(
            cell_context.broker()
        )  # redis-py types every answer as awaitable too
        self.first_ns = self.next_ns = 0
        self.loaded = False
        self.tasks = self.leaked = 0
        self.memory: list[mmap.mmap] = []
        self.leak: mmap.mmap | None = (
            mmap.mmap(-1, 1 << 30) if self.settings["leak_bytes"] else None
        )

    def serve(self) -> None:
        """Fetch tasks and run them, for ever."""
        self.come_back()
        while True:
            fetched = self.fetch()
            if not fetched:
                self.redeliver()
                continue
            if self.settings["shuffle"]:
                self.random.shuffle(fetched)
            for item in fetched:
                self.task(*json.loads(item))

    def come_back(self) -> None:
        """Where this worker is started again: wait, then start all that waited at once.

        That moment is the truth of a recovery.
        """
        again = int(self.client.incr(f"{STARTS}-{self.slot}")) > 1
        if not again or not self.settings["back_after_s"]:
            return
        time.sleep(self.settings["back_after_s"])
        self.redeliver()
        tell(serving_ns=monotonic_ns())
        waiting = self.client.rpop(QUEUE, 100_000) or []
        threads = [threading.Thread(target=self.perform, args=json.loads(item)) for item in waiting]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def fetch(self) -> list[bytes]:
        """The oldest waiting tasks, or nothing after a short wait."""
        # Until the load comes one by one: the first tasks must find every slot free, as they show
        # that all are ready.
        if self.settings["batch"] > 1 and self.loaded:
            many = self.client.rpop(QUEUE, self.settings["batch"])
            if not many:
                time.sleep(0.001)
            return list(many or [])
        one = self.client.brpop([QUEUE], timeout=IDLE_S)
        return [one[1]] if one else []

    def redeliver(self) -> None:
        """Back to the list with what has been running for longer than any living task does."""
        if not self.settings["redeliver_s"]:
            return
        for item in self.client.zrangebyscore(
            RUNNING, 0, time.monotonic() - self.settings["redeliver_s"]
        ):
            if self.client.zrem(RUNNING, item):
                tell(redelivered_ns=monotonic_ns(), task=json.loads(item)[0])
                self.client.rpush(QUEUE, item)

    def task(self, task: int, work: Any) -> None:
        """Run, drop or double one task, at the pace and with the stalls that were asked for."""
        self.loaded = self.loaded or task >= 0 or task < READY_TASKS
        if task >= 0:
            self.first_ns = self.first_ns or monotonic_ns()
            self.stall()
        if self.settings["capacity"]:
            self.next_ns = max(self.next_ns, monotonic_ns() - 5_000_000) + int(
                1e9 / self.settings["capacity"]
            )
            until(self.next_ns)
        if task not in self.settings["lose"]:
            self.run(task, work)
        if task in self.settings["double"]:
            self.run(task, work)
        if task == 0:
            for extra in self.settings["unexpected"]:
                self.run(extra, work)
        self.tasks += task >= 0
        self.remember(task)
        if task >= 0 and self.tasks % TRUTH_EVERY == 0:
            tell(tasks=self.tasks, ns=monotonic_ns(), cpu_s=time.process_time())

    def stall(self) -> None:
        """Stand still between the two moments."""
        if self.settings["stall_worker"]:
            begin, end = (
                self.first_ns + int(seconds * 1e9) for seconds in self.settings["stall_worker"]
            )
            if begin <= monotonic_ns() < end:
                tell(stalled_ns=monotonic_ns())
                until(end)
                tell(went_on_ns=monotonic_ns())

    def run(self, task: int, work: Any) -> None:
        """One run of a task, remembered in the broker where that was asked for."""
        kept = bool(self.settings["redeliver_s"]) and task >= 0
        item = json.dumps([task, work])
        if kept:
            self.client.zadd(RUNNING, {item: time.monotonic()})
        self.work(task, work)
        if kept:
            self.client.zrem(RUNNING, item)

    def service_ns(self) -> float:
        """How long the next no-op is to take."""
        mean_ns = self.settings["service_ms"] * 1e6
        return float(
            mean_ns * (self.random.expovariate(1.0) if self.settings["exponential"] else 1.0)
        )

    def perform(self, task: int, work: str) -> None:
        """The task body."""
        body.run(task, work)

    def work(self, task: int, work: Any) -> None:
        """Run the body, burn the CPU time, and stay busy for as long as a no-op is to take."""
        begin, wanted = monotonic_ns(), self.service_ns()
        self.perform(task, work)
        burnt = time.thread_time_ns() + int(self.settings["burn_us"] * 1000)
        while task >= 0 and time.thread_time_ns() < burnt:
            pass
        if task >= 0 and not work:
            until(begin + int(wanted))

    def remember(self, task: int) -> None:
        """Take the memory that was asked for, page by page as it is filled."""
        if self.settings["step_mib"] and self.tasks == STEP_AT and not self.memory:
            self.memory.append(taken(self.settings["step_mib"] << 20))
            tell(step_ns=monotonic_ns())
        if self.leak and task >= 0:
            last, self.leaked = self.leaked, self.leaked + self.settings["leak_bytes"]
            for page in range((last + PAGE - 1) // PAGE, (self.leaked + PAGE - 1) // PAGE):
                self.leak[page * PAGE] = 1


def main(worker: type[Worker] = Worker) -> None:
    """A slot; or a parent that takes memory and forks a child for each slot."""
    slot, children = int(sys.argv[1]), int(sys.argv[2])
    shared = (
        taken(cell_context.load()["settings"]["shared_mib"] << 20)
        if cell_context.load()["settings"]["shared_mib"]
        else None
    )
    for number in range(children if shared else 0):
        if not os.fork():
            worker(number).serve()
    if shared:
        os.wait()
    else:
        worker(slot).serve()


if __name__ == "__main__":
    main()
