"""What may go wrong in words a user can act on."""

EXIT_OK = 0
EXIT_REGRESSION = 1
EXIT_INCONCLUSIVE = 2
EXIT_WRONG = 3
EXIT_INVALID = 4
EXIT_USAGE = 64
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130


class BenchError(Exception):
    """Anything we stop for on purpose: one line that says what to do next."""

    exit_code = EXIT_INTERNAL


class UsageError(BenchError):
    """The user must change something first: input, connection, package, folder, disk, a damaged run."""

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
