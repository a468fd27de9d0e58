"""What went wrong in a cell: whose fault it is, how it is recorded, what the run does then."""

import errno
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.base.errors import BenchError, CellFailed, UsageError
from bench.hosts.cgroup import Halts
from bench.measure import validity
from bench.model.broker import KINDS
from bench.model.manifest import CellLine

# Nothing can be kept any more: to go on would lose what is measured next.
UNWRITABLE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ENOENT,
}
# What the instrument itself asks brokers with.
CLIENTS = {kind.client for kind in KINDS.values() if kind.client}
LONGEST = 300
# Reasons for which a cell is run once more. Not "throttled": a quota will halt it again.
OUTSIDE = ("foreign load", "generator")


def cause(error: Exception) -> Exception:
    """What went wrong first: to take a broken cell down may fail too, and hide it."""
    return next((each for each in _chain(error) if isinstance(each, CellFailed)), error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def reason(error: Exception) -> str:
    """The words that stay in run.json."""
    text = " ".join(str(error).split())
    if isinstance(error, BenchError):
        return text
    if _of_a_client(error):
        # Its words may quote the URL.
        return f"the broker does not answer as it should ({type(error).__name__})"
    named = f"{type(error).__name__}: {text[:LONGEST]}"
    return (
        f"the machine refuses: {named}"
        if isinstance(error, OSError)
        else f"internal error: {named}"
    )


def is_ours(error: Exception) -> bool:
    """Whether it is a fault of the instrument: exit code 70 in the end."""
    return not isinstance(error, BenchError | OSError) and not _of_a_client(error)


def ends_the_run(error: Exception) -> bool:
    """Whether somebody must change something before the next cell makes sense."""
    if isinstance(error, OSError):
        return error.errno in UNWRITABLE
    return isinstance(error, UsageError) or type(error) is BenchError


def keep(error: Exception, logs: Path) -> None:
    """Leave the traceback beside the cell's logs."""
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "internal-error.log").write_text(
        "".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace"
    )


def deserves_another(line: CellLine, lines: Iterable[CellLine], at_most: int = 1) -> bool:
    """Invalid for a reason outside the arm, and not yet measured again so many times."""
    return (
        line.verdict == "invalid"
        and line.reason.startswith(OUTSIDE)
        and sum(each.retry_of == line.first for each in lines) < at_most
    )


class Halted:
    """Whether the CPU quota halted a cell that failed, which has no samples that would show it."""

    def __init__(self) -> None:
        self._halts, self._began_s = Halts(), time.monotonic()
        self._before = self._halts.core_seconds()

    def reason(self) -> str:
        """Why the time since then is invalid, if the quota made it so; else nothing."""
        after, quota = self._halts.core_seconds(), self._halts.quota_cores()
        if self._before is None or after is None:
            return ""
        return validity.halted_too_long(
            after - self._before,
            time.monotonic() - self._began_s,
            float("nan") if quota is None else quota,
            "the cell",
        )


def _of_a_client(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in CLIENTS
