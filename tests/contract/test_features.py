"""The probes, live: some of each system, and a system that keeps none of its promises."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from bench import cli
from bench.base.errors import UsageError
from bench.features import trial_runs
from bench.inprocess.trials.lab import GaveUp, absent
from bench.model.feature import FEATURES
from bench.model.feature_outcome import (
    BROKEN,
    NOT_OFFERED,
    OUTCOMES,
    PARTLY,
    UNKNOWN,
    WORKS,
    Finding,
)
from bench.model.systems import load_adapters
from bench.record import stored_features
from bench.record.stored_features import open_features
from tests.broken.adapter import ADAPTER as BROKEN_SYSTEM

ADAPTERS = load_adapters()
SYSTEMS = ("celery", "rq", "huey")


def test_every_feature_has_a_trial_for_every_system() -> None:
    for system in SYSTEMS:
        tried = {each.trial.feature for each in trial_runs.planned([ADAPTERS[system]])}
        assert tried == set(FEATURES), (
            f"{system} lacks {set(FEATURES) - tried}, or has {tried - set(FEATURES)} too many"
        )


def test_trials_have_names_of_their_own() -> None:
    places = [each.place for each in trial_runs.planned([ADAPTERS[system] for system in SYSTEMS])]
    assert len(places) == len(set(places))


PROMISES = {each.trial.name: each for each in trial_runs.planned([BROKEN_SYSTEM])}


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    """What came of each broken promise, four at a time: they wait more than they work.

    One without an end is tried once more, alone, as `bench features` does.
    """
    folder = tmp_path_factory.mktemp("broken")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: trial_runs.one(each, folder), PROMISES.values()))
    pairs = zip(PROMISES.items(), found, strict=True)
    return {
        name: trial_runs.one(each, folder) if first.outcome == UNKNOWN else first
        for (name, each), first in pairs
    }


@pytest.mark.e2e
@pytest.mark.parametrize("place", PROMISES)
def test_a_live_system_that_breaks_its_word_is_called_broken(
    place: str, tried: dict[str, Finding]
) -> None:
    assert tried[place].outcome == BROKEN, tried[place]


def test_there_are_ten_of_them() -> None:
    assert len(trial_runs.planned([BROKEN_SYSTEM])) >= 10


@pytest.mark.e2e
@pytest.mark.parametrize("first", ["call.async_def", pytest.param("call", marks=pytest.mark.slow)])
def test_some_of_each_system_and_nothing_is_left(
    first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "found"
    wanted = [word for name in (first, "security.pickle", "unique") for word in ("--feature", name)]
    command = ["bench", "features", "--json", "--wait", "--out", str(out), *wanted]
    monkeypatch.setattr("sys.argv", command)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code in (0, None)
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((out / stored_features.FILE).read_text(encoding="utf-8"))
    found = open_features(out)
    assert found.systems == list(dict.fromkeys(["celery", "huey", "rq"])) or set(
        found.systems
    ) == set(SYSTEMS)
    assert {each.outcome for each in found.findings} <= OUTCOMES.keys() - {UNKNOWN}, [
        each for each in found.findings if each.outcome == UNKNOWN
    ]
    assert {system: found.outcome(system, "call.async_def") for system in SYSTEMS} == {
        "celery": NOT_OFFERED,
        "rq": PARTLY,
        "huey": NOT_OFFERED,
    }
    assert {system: found.outcome(system, "security.pickle") for system in SYSTEMS} == {
        "celery": WORKS,
        "rq": PARTLY,
        "huey": PARTLY,
    }
    for each in found.findings:
        assert (out / each.folder / "observation.json").exists()
        assert not (out / each.folder / "work").exists()
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before


def test_what_is_called_so_is_looked_at_by_somebody() -> None:
    assert "absent" in absent("rate", {"a place": ["one", "two"]})
    with pytest.raises(GaveUp, match="rate_limit"):
        absent("rate", {"a place": ["one", "rate_limit"]})


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bench features"):
        open_features(tmp_path)
    for text, words in (
        ("{", "damaged"),
        ('{"kind": "other"}', "no features.json"),
        ('{"kind": "features", "findings": [], "format": 99}', "format 99"),
    ):
        (tmp_path / stored_features.FILE).write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=words):
            open_features(tmp_path)
