"""What may go wrong in words a user can act on."""

EXIT_OK = 0
EXIT_REGRESSION = 1
EXIT_INCONCLUSIVE = 2
EXIT_WRONG = 3
EXIT_INVALID = 4
EXIT_USAGE = 64
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130
EXIT_READER_LEFT = 141  # what a shell says of a program that a closed pipe has ended

_WORST_FIRST = (
    *(EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_WRONG, EXIT_INVALID, EXIT_REGRESSION),
    *(EXIT_INCONCLUSIVE, EXIT_READER_LEFT, EXIT_USAGE, EXIT_OK),
)


def worst(*codes: int) -> int:
    """The exit code of what has several: what was found out by a whole measurement is not hidden
    by a report of it that could not be written or read."""
    return min(codes, key=_WORST_FIRST.index)


def one_line(error: object) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split())


class BenchError(Exception):
    """Anything we stop for on purpose: one line that says what to do next."""

    exit_code = EXIT_INTERNAL


class UsageError(BenchError):
    """The user must change something first, such as input, connection, package, folder or disk."""

    exit_code = EXIT_USAGE


class CellFailed(BenchError):
    """This cell cannot be measured; the run records why and goes on."""

    exit_code = EXIT_INVALID


class AllInvalid(BenchError):
    """Nothing that was measured gave a number: no answer, and never a green one."""

    exit_code = EXIT_INVALID


class NotOffered(Exception):
    """The system has no such ability: a result of its own, never a zero."""


class Unavailable(Exception):
    """The ability exists, but not on this machine or this broker."""
