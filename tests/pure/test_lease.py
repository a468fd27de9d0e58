"""A keeper ends everything when nobody answers for it, and never before: with made-up times."""

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.hosts.sent.lease import BEAT_NS, ENDING_NS, GRACE_NS, NS, PATIENCE_NS, Lease, Watch

MS = NS // 1000
AHEAD = 1_234_567 * MS  # the keeper's clock has nothing to do with the controller's


@dataclass
class Link:
    """Both ends over a link that is down for a while; messages wait in buffers meanwhile."""

    delay_ns: int
    down: tuple[int, int] = (1 << 62, 1 << 62)
    paused: tuple[int, int] = (1 << 62, 1 << 62)  # the keeper's host as a whole
    killed_ns: int = 1 << 62  # the controller
    ended: tuple[int, str] | None = None
    lost_ns: int | None = None
    gone_by_ns: int = 0
    queue: list[tuple[int, int, str, int]] = field(default_factory=list)
    count: int = 0

    def send(self, now: int, to: str, stamp: int) -> None:
        arrives = now + self.delay_ns
        if self.down[0] <= arrives < self.down[1]:
            arrives = self.down[1] + self.delay_ns
        if to == "keeper" and self.paused[0] <= arrives < self.paused[1]:
            arrives = self.paused[1]
        self.count += 1
        heapq.heappush(self.queue, (arrives, self.count, to, stamp))

    def arrived(self, now: int, to: str) -> list[int]:
        ours = [each for each in self.queue if each[0] <= now and each[2] == to]
        self.queue = [each for each in self.queue if each not in ours]
        return [stamp for _, _, _, stamp in sorted(ours)]

    def run(self, seconds: int = 30, step_ns: int = 50 * MS) -> None:
        lease, watch = Lease(AHEAD), Watch(0)
        for now in range(0, seconds * NS, step_ns):
            if self.ended is None and not self.paused[0] <= now < self.paused[1]:
                for stamp in self.arrived(now, "keeper"):
                    lease.beat(stamp)
                if why := lease.over(now + AHEAD):
                    self.ended = (now, why)
                if (stamp := lease.tell(now + AHEAD)) is not None:
                    self.send(now, "controller", stamp)
            if now >= self.killed_ns:
                continue
            for stamp in self.arrived(now, "controller"):
                watch.hear(now, stamp)
            if self.lost_ns is None and watch.lost(now):
                self.lost_ns = now
            if (stamp := watch.beat(now)) is not None:
                self.send(now, "keeper", stamp)
            self.gone_by_ns = watch.gone_by_ns()


@settings(max_examples=40)
@given(st.integers(0, 600 * MS))
def test_while_the_link_is_up_nothing_ends(delay_ns: int) -> None:
    link = Link(delay_ns)
    link.run()
    assert link.ended is None and link.lost_ns is None


@settings(max_examples=40)
@given(st.integers(0, 300 * MS), st.integers(1 * NS, 20 * NS))
def test_a_link_that_stays_down_ends_everything_within_the_patience(
    delay_ns: int, at_ns: int
) -> None:
    link = Link(delay_ns, down=(at_ns, 1 << 61))
    link.run()
    assert link.ended is not None and link.lost_ns is not None
    assert at_ns < link.ended[0] <= at_ns + PATIENCE_NS + 50 * MS
    assert "not heard for 4." in link.ended[1]
    # The controller knows when it may rely on it.
    assert link.ended[0] + ENDING_NS <= link.gone_by_ns + 50 * MS
    assert link.gone_by_ns <= at_ns + delay_ns + PATIENCE_NS + ENDING_NS + 50 * MS


@settings(max_examples=40)
@given(st.integers(0, 200 * MS), st.integers(1, 2_500))
def test_a_short_outage_ends_nothing(delay_ns: int, length_ms: int) -> None:
    link = Link(delay_ns, down=(5 * NS, 5 * NS + length_ms * MS))
    link.run()
    assert link.ended is None and link.lost_ns is None


def test_what_lay_in_a_buffer_renews_nothing() -> None:
    lease = Lease(0)
    lease.beat(1 * NS)
    for now in range(NS, 4_900 * MS, 100 * MS):
        assert lease.over(now) == ""
        # Beats of before the outage come one after the other, each giving the same stamp back.
        lease.beat(1 * NS)
    assert lease.over(4_950 * MS) == ""
    assert lease.over(5 * NS) == "the controller was not heard for 4.0 s"


def test_a_keeper_that_was_not_run_asks_once_more() -> None:
    lease = Lease(0)
    lease.beat(1 * NS)
    assert lease.over(9 * NS - 500 * MS) == ""
    assert [lease.over(ns) != "" for ns in (8_900 * MS, 9 * NS)] == [False, True]


def test_a_controller_that_was_killed_is_known_at_once_by_its_pipe_and_else_by_its_silence() -> (
    None
):
    lease = Lease(0)
    lease.beat(10 * NS)
    lease.close()
    assert lease.over(10 * NS + 1) == "the controller is gone"
    link = Link(MS, killed_ns=10 * NS)
    link.run()
    assert link.ended is not None and 13 * NS <= link.ended[0] <= 14 * NS


@pytest.mark.parametrize("pause_s", [2, 6, 15])
def test_a_host_that_was_paused_may_hear_the_controller_first(pause_s: int) -> None:
    link = Link(MS, paused=(5 * NS, (5 + pause_s) * NS))
    link.run()
    # After a longer pause the controller has given it up, and says nothing more.
    assert (link.ended is None) == (pause_s == 2)
    assert (link.lost_ns is None) == (pause_s == 2)
    if link.ended is not None:
        assert link.ended[0] <= (5 + pause_s) * NS + GRACE_NS


def test_a_keeper_that_is_rarely_run_is_not_kept_alive_by_that() -> None:
    lease = Lease(0)
    times = range(0, 30 * NS, 1_600 * MS)
    ended = next(now for now in times if lease.over(now))
    assert PATIENCE_NS < ended <= 2 * PATIENCE_NS + 1_600 * MS


def test_a_lost_host_is_given_no_stamp_back() -> None:
    watch = Watch(0)
    assert watch.beat(NS) is None  # nothing was heard yet
    watch.hear(NS, 77)
    assert watch.beat(NS) == 77
    assert watch.beat(NS + 1) is None  # each once
    watch.hear(2 * NS, 76)  # an older word that was overtaken proves nothing newer
    assert watch.beat(2 * NS) is None
    assert watch.lost(NS + PATIENCE_NS) == "it was silent for 4.0 s"
    assert watch.beat(NS + PATIENCE_NS) is None
    watch.hear(6 * NS, 99)  # what lay in a buffer does not bring it back
    assert watch.lost(6 * NS) == "it was silent for 4.0 s"


def test_a_closed_channel_is_a_lost_host() -> None:
    watch = Watch(0)
    watch.hear(NS, 77)
    watch.close()
    assert watch.lost(NS) == "the channel to it has closed"
    assert watch.beat(2 * NS) is None
    assert watch.gone_by_ns() == NS + PATIENCE_NS + ENDING_NS


def test_the_keeper_sleeps_no_longer_than_to_the_end_of_its_lease() -> None:
    lease = Lease(0)
    assert lease.wait_ns(0) == 0  # it has something to say
    assert lease.tell(0) == 0 and lease.tell(BEAT_NS - 1) is None
    assert lease.wait_ns(0) == BEAT_NS
    assert lease.tell(PATIENCE_NS - 3) == PATIENCE_NS - 3
    assert lease.wait_ns(PATIENCE_NS - 3) == 3
    assert lease.wait_ns(PATIENCE_NS + 3) == 0
