"""One measuring bench per host: two at once would measure each other."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.base.errors import UsageError

NAME = "queue-bench.lock"


@contextmanager
def measuring(wait: bool = False, say: Callable[[str], None] = lambda line: None) -> Iterator[None]:
    """Hold the host's measuring lock for as long as the context lasts.

    If another bench has it, `wait` for it and `say` so, or raise UsageError.

    The kernel gives the lock back when its holder ends, however it ends. The file stays: to remove
    it would let a bench that waits for the old one and a bench that makes a new one both go ahead.
    """
    file = _open(Path(tempfile.gettempdir()) / NAME)
    try:
        _acquire(file, wait, say)
        # A full disk must not keep anyone from measuring: the pid is for a message only.
        with suppress(OSError):
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def _acquire(file: int, wait: bool, say: Callable[[str], None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        busy = f"another bench measures on this host (pid {_holder(file)})"
    if not wait:
        raise UsageError(f"{busy} and the two would measure each other: wait for it or use --wait")
    say(f"{busy}: waiting until it is through")
    fcntl.flock(file, fcntl.LOCK_EX)


def _open(path: Path) -> int:
    """Open the lock file of all users, made if missing."""
    try:
        # Without O_CREAT first: in a sticky folder the kernel (fs.protected_regular) refuses it for
        # a file of another user.
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UsageError(
            f"{path} cannot be opened ({error.strerror}), "
            "and it keeps two benches from measuring at once: remove it"
        ) from None
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return _open(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be made ({error.strerror}): set TMPDIR to a folder you can write to"
        ) from None
    os.fchmod(file, 0o666)  # the umask took the others' part away
    return file


def _holder(file: int) -> str:
    text = os.pread(file, 32, 0).decode(errors="replace").strip()
    return text if text.isdigit() else "unknown"
