"""`bench`: every bad word ends in one line that says what to do next, and never in a traceback."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from bench.commands import check, compare, export, judge, measure, read, trend  # noqa: F401  (each adds its commands)
from bench.commands.common import app
from bench.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, BenchError
from bench.version import VERSION


def version_asked(asked: bool) -> None:
    """--version."""
    if asked:
        print(VERSION)
        raise typer.Exit()


@app.callback()
def options(version: Annotated[bool, typer.Option("--version", callback=version_asked, is_eager=True)] = False) -> None:
    """Nothing but --version."""


def guarded(work: Callable[[], Any]) -> int:
    """Run a command and turn whatever happens into an exit code and at most one line."""
    try:
        work()
        return EXIT_OK
    except typer.Exit as stop:
        return stop.exit_code
    except TyperException as error:
        # Called with nothing at all, typer has printed the help already and the message is empty.
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        if message:
            print(f"bench: {message}; `bench --help` shows what there is", file=sys.stderr)
        return EXIT_USAGE
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except BenchError as error:
        print(f"bench: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return EXIT_OK
    except Exception as error:
        if os.environ.get("QUEUE_BENCH_TRACEBACK"):
            raise
        print(f"bench: internal error: {type(error).__name__}: {error}; set QUEUE_BENCH_TRACEBACK=1 to see where", file=sys.stderr)
        return EXIT_INTERNAL


def _give_memory_back() -> None:
    """Have glibc return large arrays to the system when they are freed: it stops doing so once it has seen a few of them."""
    M_MMAP_THRESHOLD = -3
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 1 << 20)


def main() -> None:
    """The `bench` command."""
    _give_memory_back()
    # A shell that starts us in the background has SIGINT ignored: whoever sends one all the same means it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    result: list[Any] = []

    def work() -> None:
        result.append(typer.main.get_command(app)(standalone_mode=False))

    code = guarded(work)
    if code == EXIT_OK and result and isinstance(result[0], int):
        code = result[0]
    # Said here: typer turns a Ctrl-C into this code by itself.
    if code == EXIT_INTERRUPTED:
        print("bench: interrupted; what was measured is kept, `bench run --resume RUN` does the rest", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
