"""`bench`: every bad word ends in one line that says what to do next, and never in a traceback."""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

from bench.base import streams
from bench.base.errors import (
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    BenchError,
    UsageError,
    one_line,
    worst,
)
from bench.base.version import VERSION

try:
    import typer
    from typer.exceptions import TyperException

    # Each adds its commands.
    from bench.commands import (  # noqa: F401
        advise,
        check,
        claims,
        compare,
        doctor,
        export,
        features,
        list,
        measure,
        report,
        run,
        selftest,
        trend,
        workload,
    )
    from bench.commands.options import app
except ImportError as error:
    # Python's own code for it is 1, which is "regression".
    again = "install queue-bench again with what it needs (`make install`, or pip)"
    print(f"bench: {one_line(error)}: {again}", file=sys.stderr)
    sys.exit(EXIT_USAGE)

INTERRUPTED = "interrupted; if a run had begun, it is kept: `bench run --resume RUN` does the rest"
KEEP_NOTHING = ("workload", "doctor", "list", "advise", "compare", "trend", "claims")


def version_asked(asked: bool) -> None:
    """Print the version and end the command."""
    if asked:
        print(VERSION)
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=version_asked, is_eager=True)
    ] = False,
) -> None:
    """`--version` is the one option of `bench` itself."""


def guarded(work: Callable[[], object], program: str = "bench") -> int:
    """Run a command and turn whatever happens into an exit code and at most one line.

    `program` is what was typed, and stands in front of the line.
    """
    code, line = _carried_out(work, program)
    try:
        if line:
            print(f"{program}: {line}", file=sys.stderr)
        streams.flush()
    except streams.OutputLost as lost:
        code = worst(code, lost.exit_code)
    return code


def _carried_out(work: Callable[[], object], program: str) -> tuple[int, str]:
    """(exit code, one line for standard error, or an empty text)."""
    try:
        code = work()
        if not isinstance(code, int):
            return EXIT_OK, ""
        # Said here: typer turns a Ctrl-C into this code by itself.
        return code, _interrupted() if code == EXIT_INTERRUPTED else ""
    except typer.Exit as stop:
        return stop.exit_code, ""
    except TyperException as error:
        # Called with nothing at all, typer has printed the help already and the message is empty.
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        return EXIT_USAGE, message and f"{message}; `{program} --help` shows what there is"
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED, _interrupted()
    except BenchError as error:
        return error.exit_code, one_line(error)
    except streams.OutputLost as lost:
        return lost.exit_code, str(lost)
    except SystemExit as stop:
        # What typer makes of every pipe that broke, and its 1 would be "regression". A reader of
        # ours who left is OutputLost.
        return _internal(stop.__context__ or stop)
    except Exception as error:
        return _internal(error)


def _interrupted() -> str:
    """What is left of a command that was interrupted: of one that only looks, nothing."""
    command = next((each for each in sys.argv[1:] if not each.startswith("-")), "")
    return "interrupted; nothing of it is kept" if command in KEEP_NOTHING else INTERRUPTED


def _internal(error: BaseException) -> tuple[int, str]:
    what = one_line(f"internal error: {type(error).__name__}: {error}")
    if os.environ.get("QUEUE_BENCH_TRACEBACK"):
        return EXIT_INTERNAL, "\n".join([what, *traceback.format_exception(error)])
    return EXIT_INTERNAL, f"{what}; set QUEUE_BENCH_TRACEBACK=1 to see where"


def _give_memory_back() -> None:
    """Have glibc return large arrays when they are freed: having seen a few it stops doing so."""
    M_MMAP_THRESHOLD = -3
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 1 << 20)


def main(commands: typer.Typer = app, program: str = "bench") -> None:
    """The entry point of `bench`; it exits with the code of the command.

    Tools made of the same parts hand in their own commands.
    """
    _give_memory_back()
    streams.prepare()
    # A shell that starts us in the background has SIGINT ignored: whoever sends one means it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    sys.exit(guarded(lambda: _command(commands), program))


def _command(commands: typer.Typer) -> object:
    own = {name: value for name, value in os.environ.items() if name.startswith("QUEUE_BENCH_")}
    if what := streams.undecodable(sys.argv[1:], own):
        encoding = f"{sys.getfilesystemencoding()}, the encoding of your locale"
        raise UsageError(f"{what} is no text in {encoding}: type it in that one, or set LC_ALL")
    return typer.main.get_command(commands)(standalone_mode=False)


if __name__ == "__main__":
    main()
