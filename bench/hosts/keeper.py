"""The keeper: parent of every process of a cell, so that nothing of a cell outlives it.

A child subreaper: what daemonises, or loses its parent to a `kill -9`, becomes the keeper's child.
Its standard input is a lifeline: when it closes, however `bench` died, the keeper kills all that is
left, removes the work folder and ends. Standard library only, so that it starts in a blink.

Orders, one JSON document a line: {"argv", "env", "cwd", "log", "stdin"} → {"pid"} or {"error"}.
Reports: {"exit": pid, "status": code}, negative for a signal.
"""

import ctypes
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

PR_SET_CHILD_SUBREAPER = 36

# A forgotten Popen polls for its child behind our back and swallows the exit that bench waits for.
started: list[subprocess.Popen[bytes]] = []


def say(message: dict[str, int | str]) -> None:
    """One line to bench; it may be gone already."""
    with suppress(OSError):
        os.write(1, (json.dumps(message) + "\n").encode())


def spawn(argv: list[str], env: dict[str, str], cwd: str, log: str, stdin: str) -> None:
    """Start one process in a session of its own, which Ctrl-C in the terminal does not reach."""
    try:
        with open(log, "ab") as output:
            process = subprocess.Popen(
                argv,
                env=env,
                cwd=cwd,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if process.stdin:
            process.stdin.write(os.fsencode(stdin))
            process.stdin.close()
    except (OSError, ValueError) as error:  # a name that the locale cannot write is a ValueError
        say({"error": str(error)})
        return
    started.append(process)
    say({"pid": process.pid})


def reap(block: bool = False) -> bool:
    """Report every child that has ended; False when there is none left at all."""
    while True:
        try:
            pid, status = os.waitpid(-1, 0 if block else os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        say({"exit": pid, "status": os.waitstatus_to_exitcode(status)})


def descendants() -> list[int]:
    """Every living process below the keeper, read from /proc."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with (
                suppress(OSError),
                open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file,
            ):
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
    below: list[int] = []
    frontier = {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        below += frontier
    return below


def kill_all(reap: Callable[[], object] = reap) -> None:
    """Kill until nothing is left: a process may fork while it is being looked for."""
    _signal(descendants(), signal.SIGSTOP)
    while left := descendants():
        _signal(left, signal.SIGKILL)
        reap()
        time.sleep(0.005)


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def main() -> None:
    """`python keeper.py FOLDER…`: serve until the lifeline closes, then remove the folders."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Deaf by a handler, not by SIG_IGN, which is inherited: the workers would not hear a SIGTERM.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    lifeline = b""
    while True:
        for key, _ in selector.select():
            if key.fd == wake_read:
                os.read(wake_read, 4096)
                reap()
                continue
            chunk = os.read(0, 65536)
            if not chunk:
                kill_all()
                for folder in sys.argv[1:]:
                    shutil.rmtree(folder, ignore_errors=True)
                return
            *lines, lifeline = (lifeline + chunk).split(b"\n")
            for line in lines:
                spawn(**json.loads(line))


if __name__ == "__main__":
    main()
