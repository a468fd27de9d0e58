"""Holds the namespaces of one made-up host for as long as its standard input is open.

`python namespace_holder.py NAME OFFSET_NS`: a network and a name of its own, and a monotonic clock
that is so far before that of the machine. It prints the pid by which they are entered. Namespaces
have no name in any folder: whatever becomes of bench, they go with their processes.
"""

import ctypes
import os
import signal
import sys

NEWTIME, NEWUTS, NEWNET = 0x00000080, 0x04000000, 0x40000000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def unshare(kinds: int) -> None:
    """Namespaces of our own; OSError where the kernel or our rights do not allow it."""
    if LIBC.unshare(kinds):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def set_clock(offset_ns: int) -> None:
    """CLOCK_MONOTONIC of whoever is born into the time namespace; before anybody is."""
    seconds, nanoseconds = divmod(offset_ns, 1_000_000_000)
    with open("/proc/self/timens_offsets", "w", encoding="ascii") as file:
        file.write(f"monotonic {seconds} {nanoseconds}\n")


def main() -> None:
    """Make them, say by which pid, and wait until nobody wants them."""
    try:
        unshare(NEWNET | NEWUTS | NEWTIME)
        set_clock(int(sys.argv[2]))
    except OSError as error:
        sys.exit(f"namespaces cannot be made here ({error.strerror})")
    name = sys.argv[1].encode()
    LIBC.sethostname(name, len(name))
    child = os.fork()
    if child == 0:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(0)
        while True:
            signal.pause()
    print(child, flush=True)
    while os.read(0, 4096):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
