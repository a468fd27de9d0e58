"""The form on the page answers as the command does: the rules' translation, asked in a browser."""

import html
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench.advise.asked import Asked, checked
from bench.advise.facts import facts
from bench.advise.javascript import form_script
from bench.advise.ranking import Candidate, answer
from bench.advise.wording import short
from bench.analysis.dataset import join
from bench.model.broker import FAMILIES
from bench.report.page import build_page
from tests.fixture_run import write_run
from tests.pure import test_advice, test_advise

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MARKS = {True: "✓", False: "✗", None: "?"}
OUTCOMES = {
    "celery": {"flow.chord": "works", "limit.rate": "partly"},
    "rq": {"flow.chord": "unknown", "limit.rate": "not offered"},
}
Case = tuple[Asked, dict[str, Any]]


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no browser: apt install chromium")
    return found


def written(browser: str, folder: Path, page: str, script: str) -> Any:
    """What a script on a page gives to `write`, as JSON."""
    (folder / "page.html").write_text(
        f'{page}<pre id="written"></pre><script>const write = (value) => {{'
        ' document.getElementById("written").textContent = JSON.stringify(value); };'
        f"{script}</script>",
        encoding="utf-8",
    )
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, f"--user-data-dir={folder / 'profile'}", (folder / "page.html").as_uri()],
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    found = re.search(r'<pre id="written">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    return json.loads(html.unescape(found[1]))


def drawn(count: int) -> list[Case]:
    """Made-up arms and what may be asked of them, the same ones every time."""
    draw = random.Random(17)

    def number(least: float, most: float) -> float | None:
        return draw.choice([None, draw.uniform(least, most), float(draw.randint(1, 5000))])

    def points() -> test_advise.Points:
        counts = sorted(draw.sample(range(1, 11), draw.randint(0, 4)))
        return [(each, draw.uniform(1, 3000), number(1, 900)) for each in counts]

    def curve() -> test_advise.Curve:
        rates = sorted(draw.sample([1.0, 30.0, 300.0, 3000.0], draw.randint(0, 4)))
        return {rate: draw.choice([None, "one spell", draw.uniform(1, 900)]) for rate in rates}

    def arm(name: str) -> dict[str, Any]:
        hit, broker = draw.randint(0, 1), draw.choice(["redis", "rabbitmq"])
        rate, memory = number(1, 20_000), number(1, 5000)
        made = test_advise.arm(name, rate, memory, hit, draw.randint(0, 1), broker, p99=curve())
        made["work"] = {kind: test_advise.work(points()) for kind in ("io", "cpu")}
        sizes = sorted(draw.sample([1000, 5000, 100_000], draw.randint(0, 3)))
        made["backlogs"] = [test_advise.backlog(size, rate, number(1, 5000)) for size in sizes]
        return made

    def asked() -> Asked:
        return Asked(
            rate=draw.choice([number(0.5, 5000), 30.0]),
            task_ms=draw.choice([0.0, 5.0, 10.0, 10.3, 100.0]),
            workers=draw.choice([None, draw.randint(1, 12)]),
            kind=draw.choice(["io", "cpu"]),
            p99_ms=number(0.5, 5000),
            memory_mb=number(0.5, 5000),
            backlog=draw.choice([None, None, 1000, 100_000]),
            may_lose=draw.random() < 0.7,
            may_double=draw.random() < 0.7,
            needs=draw.choice([(), (), ("flow.chord",), ("flow.chord", "limit.rate")]),
            brokers=draw.choice([FAMILIES, FAMILIES, ("redis",), ("rabbitmq", "sqlite")]),
        )

    def table() -> dict[str, Any]:
        arms = map(arm, ("celery/a", "celery/b", "huey/c", "rq/d"))
        made = test_advise.known(*arms, features=OUTCOMES)
        return made | {"backlog": draw.choice([None, 5000, 5000, 100_000])}

    return [(asked(), table()) for _ in range(count)]


def answered(browser: str, folder: Path, cases: Sequence[Case]) -> Any:
    """What the translated rules say in each case."""
    asked = json.dumps([[each.model_dump(mode="json"), known] for each, known in cases])
    script = f"write({asked}.map(([asked, known]) => advice.answer(asked, known)));"
    return written(browser, folder, f"<!doctype html><script>{form_script()}</script>", script)


def as_json(found: Sequence[Candidate]) -> Any:
    return json.loads(json.dumps([asdict(each) for each in found]))


@pytest.mark.slow
def test_the_translated_rules_say_the_same_word_for_word(browser: str, tmp_path: Path) -> None:
    cases = drawn(400)
    cases += [(checked(case.asked), test_advice.known()) for case in test_advice.CASES]
    said = answered(browser, tmp_path, cases)
    assert len(said) == len(cases)
    for (asked, known), theirs in zip(cases, said, strict=True):
        assert as_json(answer(asked, known)) == theirs, asked


@pytest.mark.slow
def test_the_form_shows_what_the_command_says(browser: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    script = """
        const form = document.getElementById("advise-form");
        form.elements.rate.value = "100";
        form.elements.memory_mb.value = "512";
        form.elements.may_lose.checked = false;
        form.dispatchEvent(new Event("input"));
        const all = (box, what) => [...box.querySelectorAll(what)];
        const texts = (box, what) => all(box, what).map((each) => each.textContent);
        const boxes = all(document, "#advise-answer details");
        write(boxes.map((box) => [...texts(box, "summary"), ...texts(box, "li")]));
    """
    shown = written(browser, tmp_path, build_page([run]), script)
    asked = checked({"rate": 100, "memory_mb": 512, "may_lose": False})
    assert shown == [lines(each) for each in answer(asked, facts(join([run]), None))]


def lines(found: Candidate) -> list[str]:
    room = f" (meets its tightest {short(found.headroom)} times over)" if found.headroom else ""
    first = f"{found.place}. {found.arm}{room}" if found.place else found.arm
    return [first, *(f"{MARKS[each.met]} {each.requirement}: {each.text}" for each in found.checks)]


def test_the_script_ends_no_script_element_and_needs_no_network() -> None:
    script = form_script()
    assert "</" not in script and "<!--" not in script and "http" not in script
    assert script.startswith("const advice = (() => {") and "return { answer, short };" in script
