"""A file of hosts is read as it was meant, or refused in one line with the file and its line."""

from pathlib import Path

import pytest

from bench.base.errors import EXIT_USAGE, UsageError
from bench.hosts.hosts_file import Hosts, read_hosts

GOOD = """[broker]
ssh = "a"
address = "10.0.0.5"

[generators]
ssh = ["b"]

[workers]
ssh = ["c", "me@d"]
count = {c = 8}
"""
URL = "rediss://ann:s3cret@db.example:6380/0"


def read(folder: Path, text: str) -> Hosts:
    path = folder / "hosts.toml"
    path.write_text(text, encoding="utf-8")
    return read_hosts(str(path))


def refusal(folder: Path, text: str) -> str:
    """What is said of a file, without the folder; it is one line and of exit code 64."""
    with pytest.raises(UsageError) as refused:
        read(folder, text)
    assert refused.value.exit_code == EXIT_USAGE
    said = str(refused.value)
    assert "\n" not in said
    return said.replace(f"{folder}/", "")


def test_a_file_is_read_as_it_was_meant(tmp_path: Path) -> None:
    hosts = read(tmp_path, GOOD)
    placed = hosts.placement
    assert (placed.engine, placed.broker, placed.address) == ("ssh", "a", "10.0.0.5")
    assert placed.generators == ("b",)
    assert list(placed.workers.items()) == [("c", 8), ("me@d", None)]
    assert placed.hosts == ("a", "b", "c", "me@d")
    assert hosts.url == ""


def test_results_call_hosts_by_their_roles(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).placement.labels() == {
        "a": "broker",
        "b": "generator-1",
        "c": "worker-1",
        "me@d": "worker-2",
    }


def test_one_number_is_of_every_worker_host(tmp_path: Path) -> None:
    placed = read(tmp_path, GOOD.replace("{c = 8}", "3")).placement
    assert dict(placed.workers) == {"c": 3, "me@d": 3}


def test_a_server_by_url_takes_no_host_and_its_password_stays_inside(tmp_path: Path) -> None:
    hosts = read(tmp_path, GOOD.replace('ssh = "a"\naddress = "10.0.0.5"', f'url = "{URL}"'))
    assert hosts.url == URL
    assert hosts.placement.broker == ""
    assert "broker" not in hosts.placement.labels().values()
    assert "s3cret" not in repr(hosts) + str(hosts.placement.as_json())


@pytest.mark.parametrize(
    "name", ["host", "me@host", "10.0.0.7", "fe80::1%eth0", "ssh://me@host:2222", "DOM\\\\me@host"]
)
def test_what_ssh_takes_is_taken(tmp_path: Path, name: str) -> None:
    assert len(read(tmp_path, GOOD.replace('"b"', f'"{name}"')).placement.generators) == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("[workers]", "[worker]", 8, "unknown key of the file 'worker': did you mean workers?"),
        ("count", "counts", 10, "unknown key of [workers] 'counts': did you mean count?"),
        ("address", "adress", 3, "unknown key of [broker] 'adress': did you mean address?"),
        ('ssh = ["b"]', "", 5, "ssh is missing in [generators]"),
        ('[generators]\nssh = ["b"]', "", 1, "generators is missing"),
        ("[generators]", "[[generators]]", 5, "write [generators] with one bracket"),
        ('["b"]', '"b"', 6, 'generators.ssh: write a list, such as ["b", "c"]'),
        ('["b"]', "[]", 6, "generators.ssh: name one host at least"),
        ('["b"]', "[7]", 6, "generators.ssh: 7 is not where ssh leads"),
        ('"b"', '"-oProxyCommand=x"', 6, "is not where ssh leads: write it as behind `ssh`"),
        ('"b"', '"me@-oProxyCommand=x"', 6, "is not where ssh leads"),
        ('"b"', '"b;reboot"', 6, "is not where ssh leads"),
        ('"b"', '"b c"', 6, "is not where ssh leads"),
        ('"b"', '""', 6, "is not where ssh leads"),
        ('"b"', '"b:2222"', 6, "a port is written ssh://user@host:port"),
        ('"b"', '"a"', 6, "a is in [broker] already: a host has one role, once"),
        ('"me@d"', '"b"', 9, "b is in [generators] already: a host has one role, once"),
        ('"me@d"', '"c"', 9, "c is in [workers] already: a host has one role, once"),
        ("{c = 8}", "{e = 8}", 10, "unknown worker host 'e'"),
        ("{c = 8}", "0", 10, "0 is not a number of workers: make it 1 to 1024"),
        ("{c = 8}", "{c = true}", 10, "True is not a number of workers"),
        ("{c = 8}", '"8"', 10, "'8' is not a number of workers"),
        ('"10.0.0.5"', '"db.example"', 3, "'db.example' is not an address: write numbers"),
        ('"10.0.0.5"', '"127.0.0.1"', 3, "other hosts do not reach 127.0.0.1"),
        ('"10.0.0.5"', '"0.0.0.0"', 3, "0.0.0.0 may be reached from anywhere"),
        ('"10.0.0.5"', '"8.8.8.8"', 3, "8.8.8.8 may be reached from anywhere"),
        ('ssh = "a"\n', "", 1, "give ssh, the host on which it is started, or url"),
        ('ssh = "a"', f'ssh = "a"\nurl = "{URL}"', 1, "give ssh, the host on which it is started"),
        ('ssh = "a"', f'url = "{URL}"', 3, "drop it beside url"),
        (
            'ssh = "a"',
            'url = "http://s3cret.example"',
            2,
            "this is not the URL of a broker: it beg",
        ),
        ('ssh = "a"', 'url = "redis://:s3cret@[::1"', 2, "this is not the URL of a broker"),
        ('ssh = "a"', 'url = "redis://:s3cret@localhost"', 2, "this server is on one host alone"),
        ('ssh = "a"', 'url = "unix:///s3cret"', 2, "this server is on one host alone"),
        ("[broker]", "[broker", 1, "this is not TOML"),
    ],
)
def test_a_fault_is_one_line_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    said = refusal(tmp_path, GOOD.replace(old, new, 1))
    assert said.startswith(f"hosts.toml:{line}: ") and words in said, said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "192.168.0.9", "172.16.0.1", "100.64.0.7", "fd00::5"]
)
def test_private_addresses_are_taken(tmp_path: Path, address: str) -> None:
    assert read(tmp_path, GOOD.replace("10.0.0.5", address)).placement.address == address


def test_namespaces_are_broker_generator_and_worker_hosts() -> None:
    placed = read_hosts("netns:4").placement
    assert placed.engine == "netns"
    assert list(placed.labels().values()) == ["broker", "generator-1", "worker-1", "worker-2"]
    assert set(placed.workers.values()) == {None}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("netns:", "write how many, such as netns:4"),
        ("netns:four", "write how many, such as netns:4"),
        ("netns:-4", "write how many, such as netns:4"),
        ("netns:2", "make it 3 to 64"),
        ("netns:65", "make it 3 to 64"),
        ("nowhere.toml", "nowhere.toml cannot be read"),
    ],
)
def test_other_words_are_refused(asked: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_hosts(asked)
