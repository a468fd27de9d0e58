"""What servers have in common, whatever their family: those that a cell starts, and the user's."""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from bench.base.errors import CellFailed, Unavailable, UsageError
from bench.brokers.contract import Counters, Request
from bench.brokers.urls import shown
from bench.hosts.cell_host import ManagedProcess
from bench.hosts.process import Process
from bench.model.broker import KINDS


class StartedServer:
    """A server of a cell's own, on a free port, with a random password.

    `failure` is what is told of one that does not serve; `{error}` is the class of the last error.
    """

    by_os = True
    ours = True
    process: ManagedProcess | None = None
    ready_s: float  # it is given so long to serve
    look_s: float  # and asked so often
    failure: str

    def __init__(self, request: Request) -> None:
        self.host, self.folder, self.log = request.host, request.folder, request.log
        self.port, self.password = self.host.free_port(), secrets.token_hex(16)

    def launch(self, argv: Sequence[str], env: Mapping[str, str], stdin: str = "") -> None:
        """Start its main process; the time that it has for serving begins."""
        self.process = self.host.spawn(argv, self.log, env, stdin=stdin)
        self.deadline = time.monotonic() + self.ready_s

    def until(self, met: Callable[[], object]) -> None:
        """Wait until `met` raises nothing; CellFailed with the last log lines if it always does."""
        assert self.process is not None
        while True:
            try:
                met()
                return
            except Exception as error:  # not there yet, in whatever way
                if self.process.exit_status() is not None or time.monotonic() > self.deadline:
                    failure = self.failure.format(error=type(error).__name__)
                    raise CellFailed(f"{failure}: {self.host.last_lines(self.log)}") from None
                time.sleep(self.look_s)

    def kill(self) -> int:
        """SIGKILL of all its processes; the stamp right after it."""
        assert self.process is not None
        self.close()
        t0, _ = self.host.kill_tree([self.process], freeze=False)
        self.process.wait(5)
        return t0

    def counters(self, edge: bool) -> Counters | None:
        """Memory and CPU are the operating system's."""
        return Counters()

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Its folder goes with the cell."""

    def close(self) -> None:
        """Nothing is kept open."""


class GivenServer:
    """A server of the user's: never harmed, and left as it was."""

    by_os = False
    ours = False
    process: Process | None = None
    family: str  # its name is the option's too

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"the {KINDS[self.family].title} at {shown(url)}"

    def kill(self) -> int:
        """Unavailable: it is not ours."""
        raise Unavailable(
            f"faults of the broker are not done to a {KINDS[self.family].title} "
            f"given by --{self.family}"
        )

    def counters(self, edge: bool) -> Counters | None:
        """None: whoever else uses this server stands in its counters too."""
        return None

    def check_declared(self, what: str, names: Iterable[str], patterns: Sequence[str]) -> None:
        """UsageError if one of the keys or tables matches no pattern of the adapter's."""
        strange = [each for each in names if not any(fnmatchcase(each, p) for p in patterns)]
        if strange:
            raise UsageError(
                f"{what} that no adapter declares appeared in {shown(self.url)}: "
                f"{', '.join(sorted(strange)[:5])}; look at them, the run stops here"
            )

    def close(self) -> None:
        """Nothing is kept open."""
