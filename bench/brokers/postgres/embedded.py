"""A PostgreSQL cluster of a cell's own, loopback only."""

import os
import pwd
import re
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.base.errors import CellFailed, Unavailable
from bench.brokers.contract import Counters
from bench.brokers.postgres.connection import connect, version_of
from bench.hosts.local import Host, last_lines
from bench.hosts.process import ManagedProcess
from bench.inprocess.ports import free_port
from bench.model.manifest import ServerRecord

READY_S = 30.0
USER = "postgres"  # it refuses to run as root; Debian's package makes this user
APT = "apt install postgresql"


def find_postgres() -> Path:
    """The folder of initdb and postgres, that of the newest version first.

    Unavailable with what to install if there is none.
    """
    beside = shutil.which("postgres")
    folders = [Path(beside).resolve().parent] if beside else []
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: -float(re.sub(r"[^\d.]", "", path.parent.name) or 0),
    )
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise Unavailable(f"there is no PostgreSQL server on this machine: {APT}")


class EmbeddedPostgres:
    """Stock settings, a free port, a random password."""

    by_os = True
    ours = True
    process: ManagedProcess | None = None

    def __init__(self, host: Host, folder: Path, log: Path) -> None:
        self.host, self.folder, self.log = host, folder, log
        self.programs = find_postgres()
        self.port = free_port()
        self._password = secrets.token_hex(16)
        self.url = f"postgresql://bench:{self._password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Make the cluster once, start it, and wait until it lets our user in."""
        if not self.folder.exists():
            self._initialise()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
        }
        argv = [str(self.programs / "postgres"), "-D", str(self.folder)]
        argv += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self.process = self.host.spawn([*self._as_user(), *argv], self.log, {"LC_ALL": "C.UTF-8"})
        deadline = time.monotonic() + READY_S
        while True:
            try:
                connect(self.url).close()
                return
            except Exception as error:  # not there yet, in whatever way
                if self.process.exit_status() is not None or time.monotonic() > deadline:
                    raise CellFailed(
                        f"postgres did not start ({type(error).__name__}): {last_lines(self.log)}"
                    ) from None
                time.sleep(0.05)

    def _initialise(self) -> None:
        self.folder.mkdir(mode=0o700)
        if self._as_user():
            self._reachable()
            os.chown(self.folder, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)
        self._carry_out(
            "initdb", "-D", str(self.folder), "-U", "bench", "-A", "trust", "-E", "UTF8"
        )
        # The password goes in by standard input, of a server that serves nobody yet.
        self._carry_out(
            "postgres",
            "--single",
            "-D",
            str(self.folder),
            "postgres",
            stdin=f"alter role bench password '{self._password}'\n",
        )
        (self.folder / "pg_hba.conf").write_text(
            "host all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8"
        )

    def _carry_out(self, program: str, *words: str, stdin: str = "") -> None:
        process = self.host.spawn(
            [*self._as_user(), str(self.programs / program), *words],
            self.log,
            {"LC_ALL": "C.UTF-8"},
            stdin=stdin,
        )
        if not process.wait(READY_S) or process.exit_status() != 0:
            raise CellFailed(f"{program} failed: {last_lines(self.log)}")

    def _as_user(self) -> list[str]:
        return (
            ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
            if os.geteuid() == 0
            else []
        )

    def _reachable(self) -> None:
        """Unavailable where the server's user cannot reach a folder that root has made."""
        for path in {*self.folder.parents, *self.folder.resolve().parents}:
            if not path.stat().st_mode & 0o001:
                raise Unavailable(
                    f"PostgreSQL does not run as root, and its user cannot enter {path}: "
                    f"run bench as an ordinary user, or give another --out"
                )

    def kill(self) -> int:
        """SIGKILL of the postmaster and all its processes; the stamp right after it."""
        assert self.process is not None
        t0, _ = self.host.kill_tree([self.process], freeze=False)
        self.process.wait(5)
        return t0

    def clients(self) -> list[Callable[[], None]]:
        """pg_terminate_backend for each."""
        with connect(self.url) as connection:
            rows = connection.execute(
                "select pid from pg_stat_activity "
                "where backend_type = 'client backend' and pid <> pg_backend_pid()"
            ).fetchall()
        return [partial(self._terminate, int(row[0])) for row in rows]

    def _terminate(self, pid: int) -> None:
        with connect(self.url) as connection:
            connection.execute("select pg_terminate_backend(%s)", (pid,))

    def counters(self, edge: bool) -> Counters | None:
        """Memory and CPU are the operating system's."""
        return Counters()

    def describe(self) -> ServerRecord:
        """Its version in its own words; the origin is the folder of its programs."""
        return ServerRecord(
            name="postgresql", version=version_of(self.url), origin=str(self.programs)
        )

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Its folder goes with the cell."""

    def close(self) -> None:
        """Nothing is kept open."""
