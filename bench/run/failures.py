"""What went wrong in a cell: whose fault it is, how it is recorded, whether the run can go on."""

import errno
import traceback
from collections.abc import Iterator
from pathlib import Path

from bench.base.errors import BenchError, CellFailed, UsageError
from bench.model.broker import KINDS

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
    text = "".join(traceback.format_exception(error))
    (logs / "internal-error.log").write_text(text, encoding="utf-8", errors="backslashreplace")


def _of_a_client(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in CLIENTS
