"""A PostgreSQL cluster of a cell's own, loopback only."""

import os
import pwd
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.base.errors import CellFailed, Unavailable
from bench.brokers.contract import Request
from bench.brokers.postgres.connection import ask, connect, described
from bench.brokers.servers import StartedServer
from bench.hosts.local import last_lines
from bench.model.manifest import ServerRecord

USER = "postgres"  # it refuses to run as root; Debian's package makes this user
AS_ROOT = os.geteuid() == 0
ENV = {"LC_ALL": "C.UTF-8"}


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
    raise Unavailable("there is no PostgreSQL server on this machine: apt install postgresql")


class EmbeddedPostgres(StartedServer):
    """Stock settings, on loopback alone."""

    ready_s, look_s = 30.0, 0.05
    failure = "postgres did not start ({error})"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.programs = find_postgres()
        self.url = f"postgresql://bench:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Make the cluster once, start it, and wait until it lets our user in."""
        if not self.folder.exists():
            self._initialise()
        options = ("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=")
        flags = [word for option in options for word in ("-c", option)]
        self.launch(self._argv("postgres", "-D", str(self.folder), *flags), ENV)
        self.until(lambda: connect(self.url).close())

    def _initialise(self) -> None:
        self.folder.mkdir(mode=0o700)
        if AS_ROOT:
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
            stdin=f"alter role bench password '{self.password}'\n",
        )
        (self.folder / "pg_hba.conf").write_text(
            "host all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8"
        )

    def _argv(self, program: str, *words: str) -> list[str]:
        change = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        return [*(change if AS_ROOT else ()), str(self.programs / program), *words]

    def _carry_out(self, program: str, *words: str, stdin: str = "") -> None:
        process = self.host.spawn(self._argv(program, *words), self.log, ENV, stdin=stdin)
        if not process.wait(self.ready_s) or process.exit_status() != 0:
            raise CellFailed(f"{program} failed: {last_lines(self.log)}")

    def _reachable(self) -> None:
        """Unavailable where the server's user cannot reach a folder that root has made."""
        for path in {*self.folder.parents, *self.folder.resolve().parents}:
            if not path.stat().st_mode & 0o001:
                raise Unavailable(
                    f"PostgreSQL does not run as root, and its user cannot enter {path}: "
                    f"run bench as an ordinary user, or give another --out"
                )

    def clients(self) -> list[Callable[[], object]]:
        """pg_terminate_backend for each."""
        pids = ask(
            self.url,
            "select pid from pg_stat_activity "
            "where backend_type = 'client backend' and pid <> pg_backend_pid()",
        )
        terminate = "select pg_terminate_backend(%s)"
        return [partial(ask, self.url, terminate, int(pid)) for (pid,) in pids]

    def describe(self) -> ServerRecord:
        """Its version in its own words; the origin is the folder of its programs."""
        return described(self.url, str(self.programs))
