"""docs/upstream: what was found in the libraries is still there, or the page has to say since when
it is gone."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from bench.brokers.choice import make_broker
from bench.hosts.local import Host

UPSTREAM = Path(__file__).resolve().parents[2] / "docs" / "upstream"
SCRIPTS = sorted(UPSTREAM.glob("*.py"))


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_says_what_its_page_says(script: Path, tmp_path: Path) -> None:
    with Host(tmp_path) as host:
        server = make_broker("redis", host, tmp_path, tmp_path / "redis.log", "lpush", (), {})
        server.start()
        done = subprocess.run(
            [sys.executable, str(script), server.url],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    library = script.stem.partition("_")[0]
    answer = re.fullmatch(
        rf"(still there|gone) in {library} ({re.escape(version(library))}): \d+ .+\n", done.stdout
    )
    assert answer and done.returncode == 0, done.stdout + done.stderr
    page = script.with_name(script.stem.replace("_", "-") + ".md").read_text(encoding="utf-8")
    releases = re.search(r"\*\*Releases\.\*\*.*?\n\n", page, re.DOTALL)
    assert releases
    gone = f"gone in {answer[2]}" in releases[0]
    assert gone == (answer[1] == "gone"), f"{script.name}: {done.stdout}; the page says otherwise"
    assert gone or answer[2] in releases[0]


def test_scripts_stand_alone_and_are_short() -> None:
    assert len(SCRIPTS) == 3
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 40
        assert not re.search(r"^(?:from|import) (?:bench|adapters|scenarios)", text, re.MULTILINE)
        assert f"({script.name})" in (UPSTREAM / "README.md").read_text(encoding="utf-8")
