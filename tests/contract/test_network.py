"""The proxy: slow as asked for, cut and silent when told; dead connections stay dead."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.base.errors import Unavailable
from bench.base.paths import ROOT
from bench.hosts.local import Host
from bench.testbed.network import Network


@pytest.fixture
def server() -> Iterator[int]:
    """Something that answers every byte with the same."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener,), daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(client,), daemon=True).start()


def _answer(client: socket.socket) -> None:
    with client:
        try:
            while data := client.recv(1000):
                client.sendall(data)
        except OSError:
            return


@pytest.fixture
def network(server: int, tmp_path: Path) -> Iterator[Network]:
    (tmp_path / "work").mkdir()
    with Host(tmp_path / "work") as host:
        made = Network(
            host,
            tmp_path / "network.log",
            f"redis://:secret@127.0.0.1:{server}/0",
            2.0,
            ROOT,
        )
        made.start()
        yield made


def dial(network: Network) -> socket.socket:
    return socket.create_connection(("127.0.0.1", network.port), timeout=1)


def says(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    return client.recv(100)


def test_the_address_is_the_proxys_and_keeps_the_password(network: Network) -> None:
    assert network.url == f"redis://:secret@127.0.0.1:{network.port}/0"


def test_a_port_that_is_not_named_is_the_usual_one(network: Network, tmp_path: Path) -> None:
    other = Network(network.host, tmp_path / "log", "redis://192.0.2.1/3", 1.0, ROOT)
    assert other.target == "192.0.2.1:6379"


def test_there_is_no_proxy_before_a_server_with_tls(network: Network, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="TLS"):
        Network(network.host, tmp_path / "log", "rediss://127.0.0.1:1/3", 1.0, ROOT)


def test_a_round_trip_takes_as_long_as_asked_for(network: Network) -> None:
    assert 2.0 <= network.round_trip_ms() < 4.0
    with closing(dial(network)) as client:
        assert says(client, b"hello") == b"hello"


def test_bytes_come_in_order(network: Network) -> None:
    with closing(dial(network)) as client:
        for number in range(200):
            client.sendall(b"%05d" % number)
        seen = b""
        while len(seen) < 1000:
            seen += client.recv(4096)
    assert seen == b"".join(b"%05d" % number for number in range(200))


def test_a_cut_resets_what_there_is_and_refuses_what_comes(network: Network) -> None:
    with closing(dial(network)) as client:
        assert says(client, b"x") == b"x"
        network.become("cut")
        with pytest.raises(OSError, match="reset"):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        dial(network)
    network.become("open")
    with closing(dial(network)) as client:
        assert says(client, b"y") == b"y"


def test_silence_leaves_connections_dead_for_good(network: Network) -> None:
    with closing(dial(network)) as old:
        assert says(old, b"x") == b"x"
        network.become("silent")
        with closing(dial(network)) as new, pytest.raises(TimeoutError):
            says(new, b"y")
        network.become("open")
        with pytest.raises(TimeoutError):
            says(old, b"z")
        with closing(dial(network)) as fresh:
            assert says(fresh, b"w") == b"w"
