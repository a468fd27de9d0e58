"""When a keeper ends everything because nobody answers for it any more. Standard library only.

A closed pipe tells of a controller that was killed; a link that is down tells nothing. So a keeper
holds a lease (Gray & Cheriton 1989): it may keep its processes for PATIENCE after a moment of its
own clock at which the controller is known to have heard it. Its messages carry its clock, a beat of
the controller gives the newest back, and that stamp, never the arrival, renews the lease: what lay
in a buffer while the link was down renews nothing. No two clocks are compared.

Both ends are state machines over stamps (ns) that the caller hands in: they ask no clock, so the
keeper can judge as of the moment at which it has read all that had come.
"""

NS = 1_000_000_000
PATIENCE_NS = 4 * NS
# The keeper speaks so often and is answered at once: an outage of almost 3 s harms nothing. Twice
# as often would take twice as much of a measured host.
BEAT_NS = NS
# A keeper that itself was not run, on a host that was paused or full, must be able to hear first.
# It sleeps for BEAT_NS of its own will, and wakes a little late.
HELD_UP_NS = 3 * NS // 2
GRACE_NS = NS
# From the end of the lease until the last process has gone: SIGKILL until nothing is left.
ENDING_NS = NS


class Lease:
    """The keeper's end, by the keeper's clock; `begun_ns` is when it started."""

    def __init__(self, begun_ns: int, patience_ns: int = PATIENCE_NS) -> None:
        self.patience_ns = patience_ns
        self.proved_ns = begun_ns  # the newest stamp of ours that the controller had
        self._until_ns = begun_ns + patience_ns
        self._looked_ns = begun_ns
        self._told_ns = begun_ns - BEAT_NS
        self._closed = False

    def tell(self, now_ns: int) -> int | None:
        """The stamp that is to be sent now; None if it is not time yet."""
        if now_ns - self._told_ns < BEAT_NS:
            return None
        self._told_ns = now_ns
        return now_ns

    def beat(self, proved_ns: int) -> None:
        """The controller gives one of our stamps back."""
        self.proved_ns = max(self.proved_ns, proved_ns)
        self._until_ns = max(self._until_ns, self.proved_ns + self.patience_ns)

    def close(self) -> None:
        """The pipe has closed: the controller or what stood for it here is dead."""
        self._closed = True

    def over(self, now_ns: int) -> str:
        """Why everything must end now; empty if it need not. Read all that has come before asking.

        If this keeper was not run for a while it gives the controller one second more to be heard,
        as often as it takes but never beyond twice the patience.
        """
        held_up_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
        if self._closed:
            return "the controller is gone"
        if held_up_ns > HELD_UP_NS:
            most_ns = self.proved_ns + 2 * self.patience_ns
            self._until_ns = max(self._until_ns, min(now_ns + GRACE_NS, most_ns))
        if now_ns < self._until_ns:
            return ""
        return f"the controller was not heard for {(now_ns - self.proved_ns) / NS:.1f} s"

    def wait_ns(self, now_ns: int) -> int:
        """How long the keeper may sleep before it asks again, 0 or more."""
        return max(0, min(self._told_ns + BEAT_NS, self._until_ns) - now_ns)


class Watch:
    """The controller's end of one host, by the controller's clock."""

    def __init__(self, begun_ns: int, patience_ns: int = PATIENCE_NS) -> None:
        self.patience_ns = patience_ns
        self.heard_ns = begun_ns
        self.newest_ns = 0  # of the keeper's clock; 0 before it has said anything
        self._given_ns = 0
        self._lost = ""

    def hear(self, now_ns: int, stamp_ns: int) -> None:
        """The keeper has said something, and by its own clock it was `stamp_ns`."""
        if stamp_ns > self.newest_ns and not self._lost:
            self.heard_ns, self.newest_ns = now_ns, stamp_ns

    def close(self) -> None:
        """The channel has closed."""
        self._lost = self._lost or "the channel to it has closed"

    def beat(self, now_ns: int) -> int | None:
        """The keeper's stamp that is to be given back now, each once; None if there is none.

        Nothing is given back once the host is lost, even if it is heard again: its lease must run
        out.
        """
        if self.newest_ns == self._given_ns or self.lost(now_ns):
            return None
        self._given_ns = self.newest_ns
        return self.newest_ns

    def lost(self, now_ns: int) -> str:
        """Why this host counts as lost, once and for all; empty while it does not.

        Hear all that has come before asking.
        """
        silent_ns = now_ns - self.heard_ns
        if not self._lost and silent_ns >= self.patience_ns:
            self._lost = f"it was silent for {silent_ns / NS:.1f} s"
        return self._lost

    def gone_by_ns(self) -> int:
        """When nothing of ours lives there any more, whatever became of the link.

        The newest stamp was taken before it was heard, so the lease ends within the patience of
        that moment. A host that was paused as a whole is the exception: it ends what it has within
        GRACE_NS + ENDING_NS of its return.
        """
        return self.heard_ns + self.patience_ns + ENDING_NS
