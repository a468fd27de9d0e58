"""The way to a far keeper: the standard streams of a command that leads to its host.

Whatever places it (ssh, a namespace) is a command; what is said over its streams is the same.
"""

import itertools
import json
import os
import select
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.base.environ import built
from bench.base.errors import CellFailed, UsageError
from bench.hosts.cell_host import Exits
from bench.hosts.sent.frames import Document, Frames, NoFrame, frame
from bench.hosts.sent.lease import BEAT_NS, NS, Watch

READY_S = 30.0
ANSWER_S = 30.0
LOOK_S = BEAT_NS / NS / 5
PIECE = 1 << 16
Answer = tuple[Document, bytes]
Ping = tuple[int, int, int, int]


class Channel:
    """One host's keeper; `label` is what the host is called wherever results are read.

    `facts` is what the keeper said of its host. Use it as a context manager: at its end nothing of
    ours is left on the host, or its lease sees to that.
    """

    def __init__(self, label: str, argv: Sequence[str], says: Path, kept: Sequence[str]) -> None:
        self.label, self.argv, self.says = label, list(argv), says
        self._env = built(kept=kept)
        self.exits = Exits()
        self.facts: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Answer]] = {}
        self._lock, self._ready, self._over = threading.Lock(), threading.Event(), threading.Event()
        self._stamped = threading.Event()
        self._outgoing = threading.Lock()
        self._trouble = ""

    def __enter__(self) -> "Channel":
        self._start()
        assert self._process.stdin
        self._into = self._process.stdin.fileno()
        os.set_blocking(self._into, False)
        self._watch = Watch(time.monotonic_ns())
        threads = (self._hear, self._beat)
        self._threads = [threading.Thread(target=each, daemon=True) for each in threads]
        for thread in self._threads:
            thread.start()
        if not self._ready.wait(READY_S) or not self.facts:
            self.__exit__()
            raise UsageError(f"{self.label}: {self.last_words() or 'it does not answer'}")
        return self

    def _start(self) -> None:
        try:
            with open(self.says, "ab") as heard:
                self._process = subprocess.Popen(
                    self.argv,
                    env=self._env,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=heard,
                    start_new_session=True,
                    bufsize=0,
                )
        except FileNotFoundError:
            raise UsageError(f"{self.label}: the program {self.argv[0]} is not there") from None

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.hang_up()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # a link that is down: the lease ends what is there
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(timeout=5)

    @property
    def root(self) -> str:
        """The one folder of ours on that host."""
        return str(self.facts["root"])

    @property
    def clock(self) -> str:
        """The name of its clock."""
        return str(self.facts["clock"])

    def last_words(self) -> str:
        """Why there is no way, as ssh or the host's Python said it."""
        if self._trouble:
            return self._trouble
        with suppress(OSError):
            text = self.says.read_text(encoding="utf-8", errors="replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            return lines[-1][:300] if lines else ""
        return ""

    def lost(self) -> str:
        """Why this host counts as lost; empty while it does not."""
        with self._lock:
            return self._watch.lost(time.monotonic_ns())

    def gone_by_ns(self) -> int:
        """When nothing of ours lives there any more, by our clock, if it is lost."""
        with self._lock:
            return self._watch.gone_by_ns()

    def order(
        self, kind: str, payload: bytes = b"", wait_s: float = ANSWER_S, **what: object
    ) -> Answer:
        """Have an order carried out; (the answer, the bytes that came with it).

        CellFailed where the host says why it cannot, is lost, or does not answer in time.
        """
        number = next(self._numbers)
        answer = self._waiting[number] = Future[Answer]()
        try:
            self._send({"number": number, "kind": kind, **what}, payload)
            deadline = time.monotonic() + wait_s
            while True:
                with suppress(TimeoutError):
                    document, enclosed = answer.result(timeout=min(0.2, wait_s))
                    break
                self._refuse_lost()
                if time.monotonic() > deadline:
                    raise CellFailed(f"{self.label} does not answer within {wait_s:.0f} s")
        finally:
            self._waiting.pop(number, None)
        if "error" in document:
            raise CellFailed(f"{self.label}: {document['error']}")
        return document, enclosed

    def ask(
        self, kind: str, payload: bytes = b"", wait_s: float = ANSWER_S, **what: object
    ) -> Document:
        """The same without bytes in the answer."""
        return self.order(kind, payload, wait_s, **what)[0]

    def ping(self) -> Ping:
        """A two-way ping over the channel itself: (sent, seen, answered, returned) in ns, the inner
        two by the clock of the host."""
        sent = time.monotonic_ns()
        seen = int(self.ask("clock")["stamp_ns"])
        return sent, seen, seen, time.monotonic_ns()

    def _refuse_lost(self) -> None:
        if why := self.lost():
            raise CellFailed(f"{self.label} is lost: {why}")

    def _send(self, document: Document, payload: bytes = b"") -> None:
        self._refuse_lost()
        try:
            with self._outgoing:
                self._write(memoryview(frame(document, payload)))
        except OSError:
            self._close()
            raise CellFailed(f"{self.label} is lost: the channel to it has closed") from None

    def _write(self, left: memoryview) -> None:
        """All of it; CellFailed where the host is lost meanwhile: a link that is down takes nothing
        more, and whoever waits for it would wait for good."""
        while left:
            try:
                left = left[os.write(self._into, left[:PIECE]) :]
            except BlockingIOError:
                select.select([], [self._into], [], LOOK_S)
                self._refuse_lost()

    def _hear(self) -> None:
        """The reader: whatever comes shows that the keeper lives."""
        frames = Frames()
        assert self._process.stdout
        try:
            while piece := os.read(self._process.stdout.fileno(), 1 << 20):
                for document, payload in frames.feed(piece):
                    self._take(document, payload)
        except (NoFrame, json.JSONDecodeError) as error:
            self._trouble = f"its shell says something before Python does: {str(error)[:100]!r}"
        except OSError:
            pass
        self._close()

    def _take(self, document: Document, payload: bytes) -> None:
        if "number" in document:
            # Whoever asked may have given up.
            if (answer := self._waiting.get(document["number"])) and not answer.done():
                answer.set_result((document, payload))
        elif "exit" in document:
            self.exits.note(document["exit"], document["status"])
        elif "stamp" in document:
            with self._lock:
                self._watch.hear(time.monotonic_ns(), document["stamp"])
            self._stamped.set()
        elif "facts" in document:
            self.facts = document["facts"]
            self._ready.set()

    def _beat(self) -> None:
        """Give the keeper's newest stamp back: by that alone it keeps what it has.

        In a thread of its own: whoever hears must not wait until somebody else has written.
        """
        while not self._over.is_set():
            self._stamped.wait(LOOK_S)
            self._stamped.clear()
            with self._lock:
                stamp = self._watch.beat(time.monotonic_ns())
            if stamp is not None:
                with suppress(CellFailed):
                    self._send({"kind": "beat", "stamp": stamp})

    def hang_up(self) -> None:
        """Close the pipe to the keeper: it ends all that it has, at once."""
        with suppress(OSError):
            assert self._process.stdin
            self._process.stdin.close()

    def stop_beating(self) -> None:
        """Leave the host to its lease: it ends what it has, whatever becomes of the channel."""
        self._over.set()
        self._stamped.set()

    def _close(self) -> None:
        with self._lock:
            self._watch.close()
        self._ready.set()
