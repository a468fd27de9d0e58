"""What lies around a measurement does not steer it.

Variables, folders, places that cannot be written.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from bench.base import environ
from bench.base.errors import UsageError
from bench.base.output import refuse_unwritable
from bench.base.paths import ROOT
from bench.base.plain_names import is_plain, plainly
from bench.brokers.redis.binary import find_redis
from bench.record import store
from tests.seen_processes import Seen

BENCH = [sys.executable, "-m", "bench.cli"]
ODD = "a b:c%d#e é 中文 " + "x" * 180
OUT = "~/2026-11-26T01:02:03+00:00 #1"  # `~` is a name where no shell has read it
OURS = ("PYTHONPATH", "QUEUE_BENCH_*", "GIT_OPTIONAL_LOCKS")  # what bench itself adds
ALLOWED = (*environ.KEPT, *OURS)


@dataclass(frozen=True)
class Measured:
    """A run, its processes, its output, and whether the user's Redis is as it was."""

    run: store.Run
    seen: Seen
    said: str
    users_untouched: bool


def started(folder: Path, env: dict[str, str], *args: str) -> subprocess.Popen[str]:
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([*BENCH, *args], cwd=folder, env=whole, encoding="utf-8", **pipes)


def bench(folder: Path, env: dict[str, str], *args: str) -> tuple[int, str]:
    process = started(folder, env, *args)
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """A Redis of the user's with work of theirs in it, as each library leaves it."""
    folder = tmp_path_factory.mktemp("users")
    socket = folder / "redis.sock"
    argv = [find_redis().path, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder)]
    server = subprocess.Popen([*argv, "--save", ""], stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=str(socket))
    deadline = time.monotonic() + 10
    while not socket.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    body = json.dumps({"body": "W10=", "headers": {"task": "run", "id": "1"}, "properties": {}})
    client.lpush("celery", *[body] * 5)
    client.hset("unacked", "tag", body)
    client.zadd("unacked_index", {"tag": 1.0})
    client.rpush("rq:queue:default", "job-1", "job-2")
    client.hset("rq:job:job-1", mapping={"data": "x", "status": "queued"})
    client.sadd("rq:queues", "rq:queue:default")
    client.lpush("huey.redis.bench", "task")
    yield client
    client.close()
    server.terminate()
    server.wait(10)


def dumped(client: redis.Redis) -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.scan_iter()}


def planted(url: str) -> dict[str, str]:
    """Two hundred variables.

    Those that point at the user's server, those that change an arm, every prefix that is read, and
    any name.
    """
    found = dict.fromkeys(
        ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "BROKER_URL", "RQ_REDIS_URL", "REDIS_URL"),
        url,
    )
    found |= {"CELERY_WORKER_MAX_TASKS_PER_CHILD": "3", "RQ_WORKER_CLASS": "rq.SimpleWorker"}
    found |= {"DJANGO_SETTINGS_MODULE": "users.settings", "RQ_CONFIG": "users", "C_WNOCONF": "1"}
    found |= {"http_proxy": "http://127.0.0.1:1", "PIP_TARGET": "there", "GIT_DIR": "/nowhere"}
    found |= {"PGSSLMODE": "require", "RABBITMQ_NODENAME": "users", "HUEY_URL": url}
    drawn = random.Random(7)
    prefixes = [name.rstrip("*") for name in environ.READ if name.endswith("_*")]
    prefixes += ["CELERY_", "CELERYD_", "RQ_", "HUEY_", "KOMBU_", "PIP_", "GIT_", ""]
    while len(found) < 200:
        letters = "".join(drawn.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=8))
        found[f"{drawn.choice(prefixes)}{letters}"] = str(drawn.random())
    return found


def strangers(seen: Seen) -> dict[str, set[str]]:
    """What each process below ours was given beyond the list; what a library sets for its own
    children, as Celery its `CELERY_LOG_LEVEL`, is in neither our environment nor a plant."""
    ours = {*os.environ, *planted("")}
    found: dict[str, set[str]] = {}
    for pid, env in seen.env.items():
        beyond = {name for name in env if name in ours and not environ.matches(name, ALLOWED)}
        if beyond:
            found[seen.lines[pid]] = beyond
    return found


@pytest.fixture(scope="module")
def measured(users: redis.Redis, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A run of all three beside two hundred variables of the user's, in folders of any name."""
    folder = tmp_path_factory.mktemp("measured") / ODD
    folder.mkdir()
    url = f"redis+socket://{users.connection_pool.connection_kwargs['path']}"
    before = dumped(users)
    args = ("run", "burst", "--case", "-", "--size", "smoke", "--tasks", "60", "--wait")
    names = ("celery", "rq", "huey", "huey/default@sqlite", "floor@redis-everysec")
    arms = [word for name in names for word in ("--arm", name)]
    env = planted(url) | {"MY_TOKEN": "se cret"}
    process = started(folder, env, *args, *arms, "--out", OUT, "--pass", "MY_TOKEN")
    with Seen(process.pid) as seen:
        said, _ = process.communicate(timeout=300)
    assert process.returncode in (0, 4), said
    return Measured(store.open_run(folder / OUT), seen, said, dumped(users) == before)


@pytest.mark.e2e
def test_no_variable_of_the_users_reaches_a_measured_process(measured: Measured) -> None:
    assert measured.users_untouched, "nothing of the user's was taken, and nothing put there"
    for word in (
        "redis-server",
        "bench.inprocess.generator",
        "celery -A",
        "rq worker",
        "huey_consumer",
    ):
        assert measured.seen.of(word), f"no {word} was seen"
        ours = [env for env in measured.seen.of(word) if "PYTHONPATH" in env]
        assert all(env.get("MY_TOKEN") == "se cret" for env in ours)
    beyond = strangers(measured.seen)
    assert beyond == {}


@pytest.mark.e2e
def test_a_run_names_the_variables_that_were_left_out_and_handed_on(measured: Measured) -> None:
    manifest = measured.run.manifest
    assert manifest.variables.passed == ("MY_TOKEN",)
    assert "se cret" not in json.dumps(manifest.as_json())
    left_out = set(manifest.variables.left_out)
    assert left_out >= {"CELERY_BROKER_URL", "RQ_WORKER_CLASS", "PGSSLMODE"}
    assert "MY_TOKEN" not in left_out


@pytest.mark.e2e
def test_a_run_folder_may_have_any_name(measured: Measured) -> None:
    run = measured.run
    assert {line.state for line in run.manifest.cells} == {"done"}, measured.said
    assert (run.path.parents[1] / "reports" / f"{run.path.name}.html").exists()
    paths = {env["PYTHONPATH"] for env in measured.seen.env.values() if "PYTHONPATH" in env}
    assert paths and all(is_plain(Path(path)) for path in paths)
    assert not any(Path(path).exists() for path in paths), "the links are gone with their cells"
    places = {env["TMPDIR"] for env in measured.seen.env.values() if "PYTHONPATH" in env}
    own = str(Path(tempfile.gettempdir()) / "queue-bench-")
    assert places and all(each.startswith(own) and not Path(each).exists() for each in places)


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["call", pytest.param("web", marks=pytest.mark.slow)])
def test_features_answer_from_any_folder_beside_a_proxy_and_variables(
    users: redis.Redis, tmp_path: Path, kind: str
) -> None:
    """Relative and default folders: the processes of a trial have another working folder."""
    folder = tmp_path / ODD
    folder.mkdir()
    url = f"redis+socket://{users.connection_pool.connection_kwargs['path']}"
    before = dumped(users)
    process = started(folder, planted(url), "features", "--feature", kind, "--wait")
    with Seen(process.pid) as seen:
        said, _ = process.communicate(timeout=300)
    stored = json.loads(next(folder.glob("results/features-*/features.json")).read_text("utf-8"))
    unknown = [each for each in stored["findings"] if each["outcome"] == "unknown"]
    assert stored["findings"] and not unknown and process.returncode == 0, said
    assert seen.of("bench.inprocess.trials.driver") and dumped(users) == before
    assert strangers(seen) == {}


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize(
    "arm", ["celery/default@rabbitmq", "huey/default@postgres", "huey/default[huey==3.4.0]"]
)
def test_and_so_may_that_of_a_run_with_any_broker_or_version(tmp_path: Path, arm: str) -> None:
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o011)  # PostgreSQL's own user has to come through
    (tmp_path / ODD).mkdir(mode=0o755)
    args = (
        "run",
        "burst",
        "--case",
        "-",
        "--size",
        "smoke",
        "--arm",
        arm,
        "--out",
        "1:2 #3",
        "--wait",
    )
    env = {"PGSSLMODE": "require", "RABBITMQ_NODENAME": "users"}
    code, said = bench(tmp_path / ODD, env, *args)
    assert code in (0, 4), said
    run = store.open_run(tmp_path / ODD / "1:2 #3")
    assert {line.state for line in run.manifest.cells} == {"done"}, said


def test_a_plain_folder_keeps_its_name_and_any_other_gets_a_link(tmp_path: Path) -> None:
    (tmp_path / ODD).mkdir()
    with plainly(tmp_path) as (name, link):
        assert name == tmp_path and list(link.iterdir()) == []
    assert not link.exists()
    with plainly(tmp_path / ODD) as (name, link):
        assert is_plain(name) and name.is_symlink() and name.parent == link
        (name / "file").write_text("here", encoding="utf-8")
    assert (tmp_path / ODD / "file").read_text(encoding="utf-8") == "here"
    assert not link.exists()


def test_without_a_plain_place_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.base.plain_names.PLAIN", __import__("re").compile("nothing"))
    with pytest.raises(UsageError, match="TMPDIR"), plainly(tmp_path):
        pass


def test_what_is_handed_on_is_on_the_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in {
        "PATH": "bin:/usr/bin",
        "HOME": ".",
        "LC_TIME": "C",
        "http_proxy": "x",
        "FOO": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert environ.built() == {
        "PATH": f"{tmp_path}/bin:/usr/bin",
        "HOME": str(tmp_path),
        "LC_TIME": "C",
    }
    handed = environ.built({"OURS": "2"}, passed=["FOO", "http_proxy", "not there"])
    assert handed["FOO"] == "1" and handed["OURS"] == "2" and "not there" not in handed
    assert handed["no_proxy"] == handed["NO_PROXY"] == environ.LOOPBACK, (
        "loopback goes through no proxy"
    )


@pytest.mark.parametrize(
    ("name", "words"), [("NOT_THERE", "no such variable"), ("PYTHONPATH", "itself")]
)
def test_a_variable_that_cannot_be_handed_on_is_refused(
    tmp_path: Path, name: str, words: str
) -> None:
    code, said = bench(tmp_path, {}, "run", "--pass", name, "--out", "run")
    assert code == 64 and words in said and not (tmp_path / "run").exists()


def test_doctor_names_the_variables_that_are_left_out(tmp_path: Path) -> None:
    _, said = bench(
        tmp_path, {"CELERY_BROKER_URL": "redis://secret", "RQ_REDIS_URL": "x"}, "doctor"
    )
    line = next(line for line in said.splitlines() if "variables" in line)
    assert "CELERY_BROKER_URL" in line and "RQ_REDIS_URL" in line and "secret" not in said


def test_where_the_report_cannot_be_written_nothing_is_measured(tmp_path: Path) -> None:
    """No user, root neither, can make a folder in /sys."""
    args = (
        "run",
        "burst",
        "--size",
        "smoke",
        "--arm",
        "floor",
        "--out",
        str(tmp_path / "run"),
        "--wait",
    )
    code, said = bench(Path("/sys"), {}, *args)
    assert code == 64 and "--report" in said and not (tmp_path / "run").exists()


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "new" / "page.html", "name another")
    assert not (tmp_path / "new").exists(), "nothing is left behind"
    (tmp_path / "file").write_text("", encoding="utf-8")
    bad = (
        tmp_path,
        tmp_path / "file" / "page.html",
        Path("/sys/page.html"),
        tmp_path / ("x" * 300),
    )
    for path in bad:
        with pytest.raises(UsageError, match=r"cannot be written .*: name another"):
            refuse_unwritable(path, "name another")


def test_code_that_cannot_be_written_is_copied_so_that_python_keeps_what_it_compiles(
    tmp_path: Path,
) -> None:
    """As another user, to whom the code does not belong; ours, who may write it, has links."""
    script = (
        "import os, sys; from pathlib import Path; from adapters.rq.adapter import ADAPTER\n"
        "from bench.hosts.task_code import task_code\n"
        "code = task_code(Path(sys.argv[1]), ADAPTER)\n"
        "print((code / 'bench').is_symlink(), os.access(code / 'bench' / 'inprocess', os.W_OK))\n"
    )
    users = (
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )
    if not users:
        pytest.skip("needs root, to become another user")
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o011)
    for argv, links in ((users, "False"), ([], "True")):
        work = tmp_path / links
        work.mkdir(mode=0o777)
        work.chmod(0o777)
        done = subprocess.run(
            [*argv, sys.executable, "-c", script, str(work)],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
        )
        if "Permission denied" in done.stderr and argv:
            pytest.skip("another user cannot read this Python")
        assert done.stdout.split() == [links, "True"], done.stderr
