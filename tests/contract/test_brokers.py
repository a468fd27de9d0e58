"""The brokers of a cell: they start, die, come back with what was saved, and leave nothing."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil
import pytest

from bench.base.errors import NotOffered, Unavailable
from bench.brokers.choice import make_broker
from bench.brokers.contract import Broker, Drops, Fills
from bench.brokers.rabbitmq.embedded import EmbeddedRabbit
from bench.hosts.local import Host, tree

pytestmark = pytest.mark.contract
Make = Callable[[str], Broker]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Start a broker by its name; skip where it is not installed."""
    with starting(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """The same, one of each name for all tests of this module that leave it as it was."""
    with starting(tmp_path_factory.mktemp("shared")) as start:
        yield cache(start)


@contextmanager
def starting(folder: Path) -> Iterator[Make]:
    """Brokers below this folder, gone at the end."""
    work, log = folder / "work", folder / "broker.log"
    work.mkdir(mode=0o755)
    with Host(work) as host:
        made: list[Broker] = []

        def start(name: str) -> Broker:
            for path in (folder, *folder.parents):
                if path.stat().st_uid == os.getuid() and path != Path("/"):
                    # PostgreSQL's own user has to come through; here, for the next pytest that
                    # begins on this machine shuts the folder of all of them.
                    path.chmod(path.stat().st_mode | 0o011)
            try:
                made.append(make_broker(name, host, work, log, "lpush", ("tasks",), {}))
                made[-1].start()
            except (Unavailable, ImportError) as reason:
                pytest.skip(str(reason))
            return made[-1]

        try:
            yield start
        finally:
            for broker in made:
                broker.close()


@pytest.mark.parametrize("name", ["redis-everysec", "rabbitmq", "postgres"])
def test_it_comes_back_after_a_kill(make: Make, name: str) -> None:
    broker = make(name)
    assert broker.process is not None
    before = {process.pid for process in broker.process.tree()}
    began = time.monotonic_ns()
    assert began <= broker.kill() <= time.monotonic_ns()
    assert not any(
        psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        for pid in before
    )
    broker.start()
    assert broker.describe().version[0].isdigit()


@pytest.mark.parametrize("name", ["redis", "rabbitmq", "postgres"])
def test_its_password_is_in_no_process_list_and_it_listens_on_loopback(
    shared: Make, name: str
) -> None:
    broker = shared(name)
    password = broker.url.partition("@")[0].rpartition(":")[2]
    assert len(password) >= 32 and broker.process is not None
    listening = set()
    for process in tree([os.getpid()]):
        try:
            assert not any(password in word for word in process.cmdline())
            listening |= {
                c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN
            }
        except psutil.NoSuchProcess:
            continue
    assert listening <= {"127.0.0.1", "::1"}, listening


def test_rabbitmq_counts_what_waits(shared: Make) -> None:
    import amqp

    broker = shared("rabbitmq")
    assert isinstance(broker, EmbeddedRabbit)
    seen = broker.counters(edge=True)
    assert seen is not None and seen.messages == 0 and seen.commands is None
    channel = broker.queues.connect().channel()
    channel.queue_declare(queue="tasks", durable=True, auto_delete=False)
    for number in range(5):
        channel.basic_publish(amqp.Message(str(number)), routing_key="tasks")
    seen = broker.counters(edge=True)
    assert seen is not None and seen.messages == 5
    channel.queue_delete(queue="tasks")


@pytest.mark.parametrize("name", ["redis", "rabbitmq"])
def test_it_can_be_full_and_relieved(shared: Make, name: str) -> None:
    broker = shared(name)
    assert isinstance(broker, Fills)
    broker.fill()
    if name == "redis":
        import redis

        with redis.Redis.from_url(broker.url) as client:
            with pytest.raises(redis.OutOfMemoryError):
                client.lpush("x", "1")
            broker.relieve()
            assert client.lpush("x", "1") == 1
    else:
        assert isinstance(broker, EmbeddedRabbit) and "Memory alarm" in broker.control("status")
        broker.relieve()


@pytest.mark.parametrize("name", ["redis", "postgres", "rabbitmq"])
def test_it_closes_its_clients_connections(shared: Make, name: str) -> None:
    broker = shared(name)
    assert isinstance(broker, Drops)
    if name == "redis":
        import redis

        client = redis.Redis.from_url(broker.url, client_name="victim")
        client.ping()
        for close in broker.clients():
            close()
        left = redis.Redis.from_url(broker.url).client_list()
        assert left and not [each for each in left if each["name"] == "victim"]
    elif name == "postgres":
        from bench.brokers.postgres.connection import connect

        with connect(broker.url) as other:
            closers = broker.clients()
            assert len(closers) == 1
            closers[0]()
            with pytest.raises(Exception, match=r"terminat|closed"):
                other.execute("select 1")
    else:
        import amqp

        assert isinstance(broker, EmbeddedRabbit)
        channel = broker.queues.connect().channel()
        for close in broker.clients():
            close()
        with pytest.raises((amqp.AMQPError, OSError)):
            channel.queue_declare(queue="tasks")
        broker.queues.close()  # ours was among them


def test_sqlite_has_no_server_to_kill(make: Make) -> None:
    with pytest.raises(NotOffered):
        make("sqlite").kill()
