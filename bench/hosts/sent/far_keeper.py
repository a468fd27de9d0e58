"""The keeper of a far host: what bench/hosts/keeper.py is here, and what nobody can do from afar.

It is sent as a command line (bench/hosts/sent_keeper.py) and needs the standard library alone.
Frames of frames.py go both ways. An order has a number and a kind, and gets an answer with that
number: what was asked for, or `error` in words. Reports have no number: {"exit": pid, "status":
code}, negative for a signal, and {"stamp": ns}, which a beat gives back.

A pipe that closes tells of a controller that has died, a link that is down tells nothing: so what
it keeps is on a lease (bench/hosts/sent/lease.py). However that ends, nothing of ours is left here.
"""

import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import suppress

from bench.hosts import keeper
from bench.hosts.sent.far_answers import Given, Refused
from bench.hosts.sent.far_clocks import Clocks
from bench.hosts.sent.far_files import PIECE, Files
from bench.hosts.sent.far_network import FarNetwork
from bench.hosts.sent.far_processes import Processes
from bench.hosts.sent.frames import Document, Frames, frame
from bench.hosts.sent.lease import Lease
from bench.inprocess import event_log

PREFIX = "queue-bench-"
# The number of a pipe that whoever started it holds, where its streams come from somewhere else.
LIFELINE = "QUEUE_BENCH_LIFELINE"
REFUSALS = (OSError, ValueError, Refused, tarfile.TarError, subprocess.SubprocessError)


class FarKeeper:
    """Carries orders out; `root` is the one folder of ours on this host."""

    def __init__(self, root: str, lease: Lease) -> None:
        self.root, self.lease = root, lease
        told = os.environ.get(LIFELINE)
        self.lifeline = int(told) if told else None
        self.out = bytearray()
        files = Files(root)
        self.processes = Processes(files.inside, self._ended)
        self.network = FarNetwork()
        self._desks = (self.processes, files, self.network, Clocks())

    def _ended(self, pid: int, status: int) -> None:
        self.say({"exit": pid, "status": status})

    def say(self, document: Document, payload: bytes = b"") -> None:
        """Put a frame where the loop writes it from: a link that is down must not hold us up."""
        self.out += frame(document, payload)

    def obey(self, order: Document, payload: bytes) -> None:
        """Carry out an order and answer it; a beat has no answer."""
        kind = order.pop("kind")
        if kind == "beat":
            self.lease.beat(order["stamp"])
            return
        number = order.pop("number")
        desk = next(each for each in self._desks if hasattr(each, f"do_{kind}"))
        try:
            found = getattr(desk, f"do_{kind}")(payload=payload, **order)
        except REFUSALS as error:
            self.say({"number": number, "error": str(error) or type(error).__name__})
            return
        given, enclosed = found if isinstance(found, tuple) else (found, b"")
        self.say({"number": number, **given}, enclosed)

    def facts(self) -> Given:
        """What the controller has to know of a host before anything else."""
        return {
            "root": self.root,
            "pid": os.getpid(),
            "clock": event_log.clock_id().hex(),
            "boot": event_log.boot_id().hex(),
            "python": list(sys.version_info[:3]),
            "executable": sys.executable,
            "node": os.uname().nodename,
            "kernel": os.uname().release,
            "arch": os.uname().machine,
            "cores": len(os.sched_getaffinity(0)),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "ssh": os.environ.get("SSH_CONNECTION", ""),
            "free_bytes": shutil.disk_usage(self.root).free,
        }


def serve(ours: FarKeeper) -> str:
    """Carry out what comes until the lease is over; why it was."""
    wake_read, wake_write = os.pipe()
    for end in (0, 1, wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    frames, writing = Frames(), False
    if (lifeline := ours.lifeline) is not None:
        selector.register(lifeline, selectors.EVENT_READ)
    while True:
        now = time.monotonic_ns()
        if (stamp := ours.lease.tell(now)) is not None:
            ours.say({"stamp": stamp})
        if ours.out and not writing:
            _write(ours)  # nearly always all of it at once: then nobody waits to be told to write
        if bool(ours.out) != writing:
            writing = not writing
            if writing:
                selector.register(1, selectors.EVENT_WRITE)
            else:
                selector.unregister(1)
        for key, _ in selector.select(ours.lease.wait_ns(now) / 1e9):
            if key.fd == wake_read:
                os.read(wake_read, 4096)
                ours.processes.reap()
            elif key.fd == 1:
                _write(ours)
            elif key.fd == lifeline:
                ours.lease.close()
            else:
                _read(ours, frames)
        if why := ours.lease.over(time.monotonic_ns()):
            return why


def _write(ours: FarKeeper) -> None:
    try:
        del ours.out[: os.write(1, ours.out[:PIECE])]
    except BlockingIOError:
        return
    except OSError:  # nobody reads any more
        ours.out.clear()
        ours.lease.close()


def _read(ours: FarKeeper, frames: Frames) -> None:
    try:
        piece = os.read(0, 1 << 20)
    except BlockingIOError:
        return
    if not piece:
        ours.lease.close()
        return
    for order, payload in frames.feed(piece):
        ours.obey(order, payload)


def main() -> None:
    """Serve until the lease is over; then end all that runs here and remove our folder."""
    ctypes.CDLL(None).prctl(keeper.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, lambda *_: None)
    try:
        root = tempfile.mkdtemp(prefix=PREFIX)
    except OSError as error:
        sys.exit(f"queue-bench: no folder for its files ({error.strerror})")
    os.chmod(root, 0o711)
    ours = FarKeeper(root, Lease(time.monotonic_ns()))
    try:
        ours.say({"facts": ours.facts()})
        serve(ours)
    finally:
        keeper.kill_all(ours.processes.reap)
        with suppress(OSError, Refused, subprocess.SubprocessError):
            ours.network.do_mend(b"")
        shutil.rmtree(root, ignore_errors=True)
