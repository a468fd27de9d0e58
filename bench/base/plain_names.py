"""A plain name for a folder of any name: what is handed to processes holds no sign that they quote.

Redis, Erlang, PostgreSQL and `PYTHONPATH` each have signs of their own that part or end a path;
`PYTHONPATH` cannot even quote its `:`. So a cell's processes know their folder by a link.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.base.errors import UsageError

PLAIN = re.compile(r"[A-Za-z0-9/._+-]{1,100}")
PREFIX = "queue-bench-"
LINK = "work"


def is_plain(path: Path) -> bool:
    """Whether every program reads this path as it stands."""
    return bool(PLAIN.fullmatch(str(path)))


@contextmanager
def plainly(folder: Path) -> Iterator[tuple[Path, Path]]:
    """(a plain absolute name of an existing folder, a plain folder for temporary files).

    The name is a link in the second one where the folder's own is not plain. UsageError where there
    is no plain place for them.
    """
    folder, temporary = folder.resolve(), _plain_temporary()
    try:
        if is_plain(folder):
            yield folder, temporary
        else:
            (temporary / LINK).symlink_to(folder)
            yield temporary / LINK, temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _plain_temporary() -> Path:
    candidates = dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"))
    for parent in filter(is_plain, map(Path, candidates)):
        try:
            made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        except OSError:
            continue
        # A server that does not run as root goes through it too.
        made.chmod(0o711)
        return made
    raise UsageError(
        "there is no folder for temporary files with a plain name: set TMPDIR to one you can "
        "write to, of letters, digits and . _ + - alone"
    )
