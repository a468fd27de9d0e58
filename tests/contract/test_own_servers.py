"""Servers of the user's: what cannot be used is refused before a measurement, in one line."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from adapters.base import Sends
from bench.base.errors import Unavailable, UsageError
from bench.base.paths import ROOT
from bench.brokers import choice
from bench.brokers.contract import Place, Request
from bench.brokers.postgres.connection import connect
from bench.brokers.postgres.embedded import EmbeddedPostgres
from bench.brokers.rabbitmq.connection import QueueConnection
from bench.brokers.rabbitmq.embedded import EmbeddedRabbit
from bench.brokers.reading import check_reading
from bench.brokers.redis import url as redis_url
from bench.brokers.redis.own import OwnRedis
from bench.hosts.local import Host, tree
from bench.inprocess.ports import free_port
from bench.model.arm import Arm, parse_arm
from bench.model.broker import KINDS
from bench.model.cell import Cell
from bench.model.schedule import at_once, merge
from bench.model.systems import load_adapters
from bench.run.plan import make_plan
from bench.run.runner import Runner
from bench.testbed.testbed import Ending, Testbed
from tests.redis_server import Server, served

KNOWN = load_adapters()
INSTRUMENT = ("+select", "+scan", "+unlink")
PASSWORD = "p#/@%ü: ;?&"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("redis")) as running:
        yield running


def arm_of(text: str) -> Arm:
    return parse_arm(text, KNOWN)


def check(arm: str, url: str, broker: str = "redis") -> None:
    """What a run does before it measures."""
    choice.check([arm_of(arm)], {broker: url})
    choice.check_readings([arm_of(arm)], {broker: url})


def refusal(arm: str, url: str, broker: str = "redis") -> str:
    with pytest.raises(UsageError) as refused:
        check(arm, url, broker)
    return str(refused.value)


def rights_of(arm: str, database: str = "5") -> list[str]:
    """Each command that the arm sends, as an ACL names it, and what belongs to some of them."""
    adapter = arm_of(arm).adapter
    assert isinstance(adapter, Sends)
    found = ["+exec", "+discard", "+unsubscribe", "+punsubscribe"]
    for command in adapter.redis_commands(arm_of(arm).launch(1), database):
        first, second = [*command.lower().split(), ""][:2]
        found.append(f"+{first}|{second}" if first == "script" else f"+{first}")
    return found


# ---- which URLs are read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://h:1?db=4", "write redis://h:1/4"),
        ("redis://h:1/3?db=4", "write redis://h:1/4"),
        ("redis://h:1/3?virtual_host=4", "write redis://h:1/3"),
        ("redis://h:1/1/2", "the database is a number"),
        ("redis://h:1/abc", "the database is a number"),
        ("redis://h:1/3;redis://h:1/4", "cannot be read"),
        ("REDIS://h:1/3", "cannot be read"),
        ("redis://:1/3", "cannot be read"),
        ("h:1/3", "cannot be read"),
        ("redis://h:1/3#4", "cannot be read"),
        ("redis://ann:p#word@h:1/3", "%23 for #"),
        ("redis://ann:p/word@h:1/3", "%2F for /"),
        ("redis://ann:p@word@h:1/3", "%40 for @"),
        ("redis://h:1/3?password=word", "USER:PASSWORD@HOST"),
        ("redis://h:1/3?socket_timeout=9", "?socket_timeout="),
        ("redis://h:1/3?ssl_cert_reqs=none", "need rediss://"),
        ("rediss://h:1/3?ssl_cert_reqs=CERT_NONE", "required, optional, none"),
        ("rediss://h:1/3?ssl_ca_certs=ca.pem", "its whole path"),
        ("rediss://h:1/3?ssl_ca_certs=/nowhere/ca.pem", "No such file"),
        ("unix://run/r.sock?db=3", "three slashes"),
        ("unix:///run/r.sock?virtual_host=3", "?db=3"),
        ("redis+socket:///run/r.sock?virtual_host=3", "cannot be read"),
    ],
)
def test_a_form_that_libraries_read_differently_is_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        redis_url.checked(url)
    assert words in str(refused.value) and "word@" not in str(refused.value)
    assert "=word" not in str(refused.value)


@pytest.mark.parametrize("arm", ["celery/default", "rq/default", "huey/default", "floor/default"])
def test_every_library_goes_to_the_database_that_is_checked(server: Server, arm: str) -> None:
    check(arm, server.user("+@all", "~*", "&*") + "/3")
    tls = f"rediss://localhost:{server.tls}/7?ssl_cert_reqs=required&ssl_ca_certs={server.ca}"
    check(arm, tls)


def test_a_library_that_would_use_another_database_is_found_out(server: Server) -> None:
    other = Place.of("127.0.0.1", server.port, 4)
    with pytest.raises(UsageError, match=r"it would use database 3 .* while database 4"):
        check_reading(arm_of("celery/default"), f"{server.url}/3", other)


def test_a_socket_is_read_by_those_that_can(server: Server) -> None:
    url = f"unix://{server.socket}?db=3"
    check("rq/default", url)
    check("huey/default", url)
    said = refusal("celery/default", url)
    assert "No such transport: unix" in said and "leave its arms out" in said


def test_celery_wants_to_be_told_what_to_do_about_a_certificate(server: Server) -> None:
    url = f"rediss://localhost:{server.tls}/3?ssl_ca_certs={server.ca}"
    assert "ssl_cert_reqs=required" in refusal("celery/default", url)
    check("rq/default", url)


def test_a_refused_certificate_is_no_dead_server(server: Server) -> None:
    ca = f"ssl_cert_reqs=required&ssl_ca_certs={server.ca}"
    unknown = refusal("floor", f"rediss://localhost:{server.tls}/3")
    assert "certificate that is not accepted" in unknown and "ssl_ca_certs=" in unknown
    other = refusal("floor", f"rediss://127.0.0.1:{server.tls}/3?{ca}")
    assert "certificate that is not accepted" in other and "mismatch" in other
    assert "rediss:// if it wants TLS" in refusal("floor", f"redis://localhost:{server.tls}/3")
    assert "cannot be reached" in refusal("floor", f"rediss://localhost:{free_port()}/3?{ca}")


def test_nothing_is_measured_and_no_folder_made(server: Server, tmp_path: Path) -> None:
    plan = make_plan(["burst"], ["floor", "celery"], [], KNOWN, seed=1, size="smoke")
    for url in (f"unix://{server.socket}?db=3", f"redis://127.0.0.1:{server.port}?db=4"):
        with pytest.raises(UsageError):
            Runner(plan, tmp_path / "run", {"redis": url}).prepare()
    assert not (tmp_path / "run").exists()


# ---- what an ACL forbids -------------------------------------------------------------------------


def test_what_is_not_needed_is_unknown(server: Server) -> None:
    url = server.user(*INSTRUMENT, "+lpush", "+brpop", "~floor") + "/5"
    broker = OwnRedis(url)
    broker.start()
    broker.check_rights(arm_of("floor"))
    assert broker.process is None and broker.describe().version == "unknown"
    broker.clean_up(("floor",))
    broker.close()


@pytest.mark.parametrize("right", ["scan", "unlink"])
def test_what_the_instrument_needs_is_named(server: Server, right: str) -> None:
    url = server.user("+@all", "~*", "&*", f"-{right}") + "/5"
    assert f"+{right}" in refusal("floor", url)


def test_a_database_that_is_not_empty_is_seen_without_dbsize(server: Server) -> None:
    server.client.set("precious", "1")
    try:
        for rights, words in ((("+@all",), "holds 1 keys"), (INSTRUMENT, "holds keys")):
            said = refusal("floor", server.user(*rights, "~*") + "/0")
            assert words in said and "nothing was touched" in said
        assert server.client.get("precious") == b"1"
    finally:
        server.client.delete("precious")


@pytest.mark.parametrize(
    ("arm", "denied", "named"),
    [
        ("celery/default", ("-psubscribe",), "+psubscribe"),
        ("celery/default", ("resetchannels", "&celery-task-meta-*"), "&/5.celery.pidbox"),
        ("celery/default", ("resetkeys", "~celery*"), "~unacked"),
        ("rq/default", ("-subscribe",), "+subscribe"),
        ("rq/default", ("-multi",), "+multi"),
        ("rq/default", ("-blmove", "-xadd"), "+blmove +xadd"),
        ("huey/default", ("-script|load",), "+script|load"),
        ("huey/default", ("-evalsha",), "+evalsha"),
        ("floor/default", ("-brpop",), "+brpop"),
    ],
)
def test_what_a_library_needs_is_named(
    server: Server, arm: str, denied: tuple[str, ...], named: str
) -> None:
    url = server.user("+@all", "~*", "&*", *denied) + "/5"
    with pytest.raises(UsageError) as refused:
        choice.check([arm_of(arm)], {"redis": url})
    assert named in str(refused.value)
    assert server.client.execute_command("DBSIZE") == 0


@pytest.mark.parametrize("system", ["celery", "rq", "huey", "floor"])
def test_the_user_of_the_documentation_is_enough(server: Server, system: str) -> None:
    page = (ROOT / "docs" / "methodology.md").read_text("utf-8")
    line = next(x for x in page.splitlines() if "ACL SET" in x)
    url = server.user(*line.partition(">PASSWORD ")[2].split()) + "/5"
    arms = [f"{system}/{name}" for name in KNOWN[system].profiles]
    choice.check([arm for arm in map(arm_of, arms) if arm.broker == "redis"], {"redis": url})


def test_a_full_or_read_only_server_is_refused(server: Server) -> None:
    server.client.config_set("maxmemory", 1)
    try:
        assert "maxmemory" in refusal("floor", f"{server.url}/5")
    finally:
        server.client.config_set("maxmemory", 0)


def test_a_right_that_is_taken_away_in_a_cell_is_no_bug_of_ours(server: Server) -> None:
    url = server.user("+@all", "~*", "&*") + "/5"
    broker = OwnRedis(url)
    broker.start()
    server.user("+@all", "~*", "-scan")
    broker.client().connection_pool.disconnect()
    with pytest.raises(UsageError, match=r"\+scan"):
        broker.clean_up(("floor",))
    broker.close()


@pytest.mark.parametrize(
    "arm",
    [
        "floor/default",
        "celery/default",
        "huey/default",
        pytest.param("rq/default", marks=pytest.mark.slow),
        pytest.param("celery/tuned", marks=pytest.mark.slow),
        pytest.param("huey/tuned", marks=pytest.mark.slow),
        pytest.param("rq/tuned", marks=pytest.mark.slow),
    ],
)
def test_an_arm_runs_with_the_rights_named_and_its_password_stands_nowhere(
    server: Server, tmp_path: Path, arm: str
) -> None:
    url = server.user(*INSTRUMENT, *rights_of(arm), "~*", "&*", password=PASSWORD) + "/5"
    check(arm, url)
    cell = Cell(1, "burst", "-", arm_of(arm), 0, 2, 1)
    testbed = Testbed(cell, tmp_path / "cell", {"redis": url}, 60, lambda *_: None)
    with testbed.open():
        testbed.boot()
        testbed.expect(20)
        testbed.load.send(merge((at_once(20, 0.0), "")), time.monotonic_ns())
        deadline = time.monotonic() + 20
        while testbed.finished() < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert testbed.finished() == 20
        lines = [" ".join(_words(each)) for each in tree([testbed.stage.broker.keeper.pid])]
        testbed.finish(Ending())
    kept = [path for path in (tmp_path / "cell").rglob("*") if path.is_file()]
    assert len(kept) > 3 and len(lines) > 2
    for secret in (PASSWORD, quote(PASSWORD, safe="")):
        assert not [line for line in lines if secret in line]
        assert not [path for path in kept if secret.encode() in path.read_bytes()]
    assert server.client.execute_command("DBSIZE") == 0


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


# ---- no message shows a password -----------------------------------------------------------------


@pytest.mark.parametrize("password", ["hunter#2", "hunter/2", "hun@ter", "hunterü%2", "hunter;2?"])
@pytest.mark.parametrize("broker", ["redis", "rabbitmq", "postgres"])
def test_no_refusal_shows_a_password(server: Server, broker: str, password: str) -> None:
    scheme = {"redis": "redis", "rabbitmq": "amqp", "postgres": "postgresql"}[broker]
    arm = {"redis": "floor", "rabbitmq": "celery@rabbitmq", "postgres": "huey@postgres"}[broker]
    port = server.port if broker == "redis" else free_port()
    for written in (password, quote(password, safe="")):
        for url in (
            f"{scheme}://ann:{written}@127.0.0.1:{port}/3",
            f"{scheme}://127.0.0.1:{port}/3?password={written}",
            f"{scheme.upper()}://ann:{written}@127.0.0.1:{port}/3",
            f"host=127.0.0.1 port={port} password={written}",
        ):
            said = refusal(arm, url, broker)
            assert "\n" not in said and "hun" not in said and written not in said, said


# ---- PostgreSQL and RabbitMQ ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    folder = tmp_path_factory.mktemp("postgres")
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)  # PostgreSQL's own user has to come through
    work = folder / "work"
    work.mkdir(mode=0o755)
    with Host(work) as host:
        try:
            found = EmbeddedPostgres(
                Request(KINDS["postgres"], host, work / "postgres", folder / "log", "", ())
            )
            found.start()
        except (Unavailable, ImportError) as reason:
            pytest.skip(str(reason))
        yield found


def test_a_user_who_may_not_make_tables_is_refused(cluster: EmbeddedPostgres) -> None:
    with connect(cluster.url) as connection:
        connection.execute(f"create role ann login password '{PASSWORD}'")
        connection.execute("revoke create on schema public from public")
        url = f"postgresql://ann:{quote(PASSWORD, safe='')}@localhost:{cluster.port}/postgres"
        said = refusal("huey@postgres", url, "postgres")
        assert "grant create on schema public" in said
        connection.execute("grant create on schema public to ann")
        check("huey@postgres", url, "postgres")
        assert "password authentication failed" in refusal(
            "huey@postgres", url.replace("ann:", "ann:x"), "postgres"
        )
        connection.execute("create table precious (x int)")
        said = refusal("huey@postgres", url, "postgres")
        assert "'precious'" in said and "nothing was touched" in said
        connection.execute("drop table precious")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("AMQP://h/x", "cannot be read"),
        ("amqp://h/a;amqp://g/b", "cannot be read"),
        ("amqp://h/a/b", "%2F"),
        ("amqp://h/a?heartbeat=5", "no options"),
        ("redis://h/0", "cannot be read"),
        ("amqp:///x", "cannot be read"),
    ],
)
def test_a_rabbitmq_is_named_plainly(url: str, words: str) -> None:
    assert words in refusal("celery@rabbitmq", url, "rabbitmq")


@pytest.mark.slow
def test_a_virtual_host_of_the_users(tmp_path: Path) -> None:
    with Host(tmp_path) as host:
        try:
            node = EmbeddedRabbit(
                Request(
                    KINDS["rabbitmq"], host, tmp_path / "data", tmp_path / "log", "", ("celery",)
                )
            )
        except Unavailable as reason:
            pytest.skip(str(reason))
        node.start()
        node.control("add_vhost", "a/b ü")
        node.control("add_user", "ann", stdin=PASSWORD)
        at = f"127.0.0.1:{node.port}/{quote('a/b ü', safe='')}"
        url = f"amqp://ann:{quote(PASSWORD, safe='')}@{at}"
        assert "amqp://***@127.0.0.1" in refusal("celery@rabbitmq", url, "rabbitmq")
        node.control("set_permissions", "-p", "a/b ü", "ann", "^celery", ".*", ".*")
        check("celery@rabbitmq", url, "rabbitmq")
        check("celery@rabbitmq", url.replace("amqp", "pyamqp", 1), "rabbitmq")
        wrong = refusal("celery@rabbitmq", url.replace("ann:", "ann:x"), "rabbitmq")
        assert "refuses the user or the password" in wrong
        for rights in (("^other", ".*", ".*"), (".*", "^other", ".*"), (".*", ".*", "^other")):
            node.control("set_permissions", "-p", "a/b ü", "ann", *rights)
            said = refusal("celery@rabbitmq", url, "rabbitmq")
            assert "set_permissions" in said and quote(PASSWORD, safe="") not in said
        node.control("set_permissions", "-p", "a/b ü", "ann", ".*", ".*", ".*")
        QueueConnection(url, ()).connect().channel().queue_declare(queue="celery", durable=True)
        assert "has a queue 'celery'" in refusal("celery@rabbitmq", url, "rabbitmq")
        node.close()
