"""pip in an environment of ours: index, proxy and certificates are the user's, and nothing else."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from bench.base.errors import UsageError
from bench.environments.build import environment_for
from bench.environments.pip_settings import environment
from bench.model.requirements import Requirement
from tests.checkouts import BACKEND, NO_INDEX, make_tiny

# Each of these puts things elsewhere, refuses to, or changes what is chosen.
MEDDLING = {
    "user": "true",
    "target": "wrong",
    "prefix": "wrong",
    "root": "wrong",
    "constraint": "nowhere.txt",
    "requirement": "nowhere.txt",
    "require-virtualenv": "true",
    "no-deps": "true",
    "no-binary": ":all:",
    "dry-run": "true",
    "log": "wrong/log",
}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without settings, a cache without environments, an index of one folder."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "here" / "index").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    folders = {"HOME": "home", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config"}
    for name, folder in folders.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    small(tmp_path / "here" / "index")


def small(index: Path) -> None:
    """A released distribution, as an index would give it out."""
    with zipfile.ZipFile(index / "small-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("small.py", "")
        told = "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n"
        wheel.writestr("small-1.0.dist-info/METADATA", told)
        told = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr("small-1.0.dist-info/WHEEL", told)
        wheel.writestr("small-1.0.dist-info/RECORD", "")


def configured(tmp_path: Path, sections: dict[str, dict[str, str]]) -> None:
    lines = [
        line
        for section, settings in sections.items()
        for line in (f"[{section}]", *(f"{name} = {value}" for name, value in settings.items()))
    ]
    (tmp_path / "config" / "pip").mkdir(parents=True)
    (tmp_path / "config" / "pip" / "pip.conf").write_text("\n".join(lines) + "\n")


def test_what_puts_things_elsewhere_is_left_out_and_the_index_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in variables and in the configuration file, the index in the file."""
    for name, value in MEDDLING.items():
        monkeypatch.setenv(f"PIP_{name.upper().replace('-', '_')}", value)
    index = {"no-index": "true", "find-links": "\n    nowhere\n    index"}
    configured(tmp_path, {"global": index, "install": MEDDLING, "wheel": MEDDLING})
    wanted = Requirement("small", specifier="==1.0")
    made = environment_for("an arm", (), [wanted], lambda line: None)
    ask = "import small; print(small.__file__)"
    where = subprocess.check_output([made.program("python"), "-I", "-c", ask], text=True)
    assert made.folder and where.startswith(str(made.folder))
    assert [p for p in tmp_path.rglob("small.py") if tmp_path / "cache" not in p.parents] == []
    assert not list(tmp_path.rglob("wrong"))


def test_a_file_that_pip_cannot_read_is_one_line(tmp_path: Path) -> None:
    configured(tmp_path, {"global": {"index-url": "https://user:secret@index.example/"}})
    with (tmp_path / "config" / "pip" / "pip.conf").open("a") as file:
        file.write("nothing that is a setting\n")
    with pytest.raises(UsageError, match="pip cannot read its configuration files") as error:
        environment_for("an arm", (), [Requirement("small", specifier="==1.0")], lambda line: None)
    assert "\n" not in str(error.value) and "secret" not in str(error.value)


def test_what_is_kept_comes_from_files_then_variables_with_paths_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/simple")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "7")
    listed = (
        "global.cert='certs/own.pem'\nglobal.index-url='https://file.example/simple'\n"
        "global.timeout='60'\nglobal.user='true'\ninstall.trusted-host='a b'\n"
        "global.use-feature='fast-deps truststore'\nwheel.proxy='http://only.for.wheel'\n"
        "global.extra-index-url='../simple\\nhttps://more.example'\nWARNING: x=y\n"
    )
    found = environment("install", lambda: listed)
    assert {name: value for name, value in found.items() if name.startswith("PIP_")} == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CERT": str(tmp_path / "here" / "certs" / "own.pem"),
        "PIP_INDEX_URL": "https://variable.example/simple",
        "PIP_EXTRA_INDEX_URL": f"{tmp_path / 'simple'} https://more.example",
        "PIP_TIMEOUT": "7",
        "PIP_TRUSTED_HOST": "a b",
        "PIP_USE_FEATURE": "truststore",
    }


def test_a_build_sees_listed_names_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip itself was given, a backend is given too: it writes its environment down."""
    for name, value in NO_INDEX.items():
        monkeypatch.setenv(name, value)
    prefixes = ("GIT", "PYTHON", "PIP", "CELERY", "X")
    planted = [f"{prefix}_{number}" for prefix in prefixes for number in range(40)]
    planted += ["GIT_DIR", "PIP_USER", "PYTHONPATH", "PYTHONHOME", "CFLAGS", "VIRTUAL_ENV"]
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "index.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "own.pem")
    for name in planted:
        monkeypatch.setenv(name, "planted")
    tiny = make_tiny(tmp_path / "tiny")
    seen = tmp_path / "seen"
    dump = f"import os\nopen({str(seen)!r}, 'w').write(repr(dict(os.environ)))\n"
    (tiny / "own_backend.py").write_text(dump + BACKEND)
    environment_for("an arm", (), [Requirement("tiny", path=str(tiny))], lambda line: None)
    found: dict[str, str] = eval(seen.read_text())
    # pip tells a backend some things of its own.
    assert [name for name in planted if found.get(name) == "planted"] == []
    assert found["https_proxy"] == "http://proxy.example:3128"
    assert found["no_proxy"].startswith("index.example,127.")
    assert found["REQUESTS_CA_BUNDLE"] == str(tmp_path / "here" / "own.pem")
