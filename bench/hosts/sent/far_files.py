"""Orders of a far keeper about files, ports and programs. Standard library only.

All files are inside the one folder of ours on this host.
"""

import glob
import os
import shutil
import socket
import subprocess
import tarfile
from contextlib import ExitStack

from bench.base.errors import UsageError
from bench.hosts import lock
from bench.hosts.sent.far_answers import Given, Refused
from bench.inprocess import event_log

# So much at once: what renews the lease must not stand behind more than that on a slow link.
PIECE = 1 << 20


class Files:
    """What lies below `root`, and what else a host is asked for before something can run there."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._held = ExitStack()

    def do_folder(self, path: str, payload: bytes) -> Given:
        """Make it, if it is not there."""
        os.makedirs(self.inside(path), exist_ok=True)
        return {}

    def do_write(self, path: str, at: int, last: bool, payload: bytes) -> Given:
        """A piece of a file, which is there whole or not at all: who waits for its name reads all
        of it."""
        path = self.inside(path)
        try:
            with open(f"{path}.part", "ab") as file:
                file.truncate(at)
                file.write(payload)
            if last:
                os.replace(f"{path}.part", path)
        except OSError:  # half a file would keep a full disk full
            os.unlink(f"{path}.part")
            raise
        return {}

    def do_unpack(self, path: str, archive: str, payload: bytes) -> Given:
        """A folder from a tar archive, which is gone then."""
        with tarfile.open(self.inside(archive)) as file:
            # Python 3.11 has filters from its fourth release on; what is unpacked here is ours.
            file.extraction_filter = getattr(tarfile, "data_filter", None)
            file.extractall(self.inside(path))
        os.unlink(archive)
        return {}

    def do_read(self, path: str, at: int, payload: bytes) -> tuple[Given, bytes]:
        """What stands in a file from there on, a piece at most, and how long it is now."""
        with open(self.inside(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(at)
            return {"size": size}, file.read(min(PIECE, max(size - at, 0)))

    def do_size(self, path: str, payload: bytes) -> Given:
        """How long a file is."""
        return {"size": os.stat(self.inside(path)).st_size}

    def do_grow(self, path: str, size: int, payload: bytes) -> Given:
        """Make a file so long, without a byte in it: its length is what its reader counts by."""
        with open(self.inside(path), "ab") as file:
            file.truncate(size)
        return {}

    def do_names(self, pattern: str, payload: bytes) -> Given:
        """The files whose names match."""
        return {"paths": sorted(glob.glob(self.inside(pattern)))}

    def do_events(self, path: str, payload: bytes) -> Given:
        """Start an event file, with the name of this host's clock."""
        event_log.create(self.inside(path))
        return {}

    def inside(self, path: str) -> str:
        """The path; Refused where it leads out of our folder."""
        if os.path.commonpath([self.root, os.path.abspath(path)]) != self.root:
            raise Refused(f"{path} is not ours on this host")
        return path

    def do_port(self, address: str, payload: bytes) -> Given:
        """A port of this address that is free now."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as free:
            free.bind((address, 0))
            return {"port": free.getsockname()[1]}

    def do_lock(self, payload: bytes) -> Given:
        """Keep every other bench from measuring on this host until the keeper ends."""
        try:
            self._held.enter_context(lock.measuring())
        except UsageError as error:
            raise Refused(str(error)) from None
        return {}

    def do_program(self, name: str, payload: bytes) -> Given:
        """Where a program is, empty where it is not; what it answers to --version."""
        path = shutil.which(name)
        if path is None:
            return {"path": "", "version": ""}
        done = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=False)
        return {"path": path, "version": done.stdout.decode(errors="replace")[:300]}
