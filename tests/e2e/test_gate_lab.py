"""The gate's laboratory: blocks kept, read back, replayed, and made into noise to simulate with."""

import contextlib
import json
import math
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from bench import cli
from bench.base.errors import UsageError
from bench.base.paths import ROOT
from bench.check.blocks import Block, Key, Number
from bench.check.group_sequential import Rules
from bench.check.looks import Looks
from tests.e2e.test_end_to_end import ENV
from tests.fixture_run import write_run
from tools.gate_lab.__main__ import PROGRAM, app
from tools.gate_lab.recordings import Recording, read_recordings, write_recording
from tools.gate_lab.replay import START_S, disjoint, every_start, recordings_of, tally
from tools.gate_lab.simulate import fit, gates, planted, suites

STORED = ROOT / "results" / "gate"
SPEED, LOST = Key("burst", "-", "throughput"), Key("burst", "-", "lost")


def lab(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str
) -> tuple[int, str, str]:
    """The command in this process: (exit code, standard output, standard error)."""
    monkeypatch.setattr("sys.argv", ["gate_lab", *args])
    monkeypatch.setattr("bench.hosts.lock.measuring", lambda *_: contextlib.nullcontext())
    monkeypatch.delenv("QUEUE_BENCH_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as stop:
        cli.main(app, PROGRAM)
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


def of_18() -> Looks:
    """A gate of at most 18 blocks."""
    return Looks(Rules().within(18), 18)


def recording(blocks: int, shift: float = 0.0, sd: float = 0.02, memory: float = 0.0) -> Recording:
    rng = np.random.default_rng(1)
    value, made = 0.0, []
    for _ in range(blocks):
        value = memory * value + math.sqrt(1 - memory**2) * float(rng.standard_normal()) * sd
        made.append(
            Block(
                {
                    SPEED: (Number(1000.0), Number(1000.0 * math.exp(value + shift))),
                    LOST: (Number(0.0), Number(0.0)),
                },
                {"burst": 25.0},
            )
        )
    return Recording("night", "huey/process", "huey/process{again}", tuple(made))


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = recording(3)
    odd = Block(
        {
            SPEED: (Number(None, "invalid"), Number(1.5)),
            LOST: (Number(0.0), Number(None, "not_offered")),
        },
        {"burst": 1.0},
    )
    made = Recording(made.name, made.base, made.head, (*made.blocks, odd))
    write_recording(tmp_path / "deep" / "a.csv", made)
    found = read_recordings(tmp_path / "deep" / "a.csv")[0]
    assert (found.name, found.base, found.head) == (made.name, made.base, made.head)
    assert found.blocks[3] == odd and found.blocks[0].pairs[LOST] == made.blocks[0].pairs[LOST]
    assert found.blocks[1].pairs[SPEED][1].value == pytest.approx(
        made.blocks[1].pairs[SPEED][1].value
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "recording,base,head,block,seconds burst,burst/-/nonsense base\nr,a,b,0,1.0,5\n",
        "\x00\xff",
    ],
)
def test_a_damaged_recording_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match="no recording of blocks"):
        read_recordings(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_recordings(tmp_path / "none.csv")


def test_a_stored_run_of_two_arms_can_be_replayed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("-",)}, ("huey", "floor"), blocks=3)
    found = recordings_of([str(run.path)])[0]
    assert (found.base, found.head, len(found.blocks)) == ("huey/default", "floor/default", 3)
    assert found.blocks[0].seconds == {"burst": pytest.approx(2 * 9.9)}
    write_run(tmp_path / "three", {"burst": ("-",)}, ("huey", "floor", "rq"))
    with pytest.raises(UsageError, match="3 arms"):
        recordings_of([str(tmp_path / "three")])


def test_windows_share_no_block_and_swapped_ones_stay_quiet() -> None:
    quiet = disjoint([recording(100)], of_18, random.Random(1))
    assert quiet.fired == 0 and quiet.gates >= 5 and quiet.gates * quiet.blocks <= 100
    assert every_start([recording(100)], of_18, random.Random(1)).gates == 100
    assert "fired 0.0% (0.00% to" in quiet.words()


def test_a_planted_change_is_found_in_every_window_and_an_improvement_is_counted() -> None:
    loud = disjoint([recording(54, shift=-0.1)], of_18)
    assert loud.fired == loud.gates == loud.worse["burst/-/throughput"] >= 3
    assert loud.minutes == pytest.approx((START_S + loud.blocks * 25) / 60)
    fine = disjoint([recording(54, shift=0.1)], of_18)
    assert fine.codes[0] == fine.better["burst/-/throughput"] == fine.gates >= 3
    with pytest.raises(UsageError, match="shorter than one gate"):
        disjoint([recording(10)], of_18)


def test_the_fit_finds_spread_and_memory() -> None:
    found = fit([recording(2000, sd=0.03, memory=0.4)])[0]
    assert (
        found.key == SPEED
        and found.sd == pytest.approx(0.03, rel=0.1)
        and found.memory == pytest.approx(0.4, abs=0.08)
    )
    assert found.df > 10 and found.missing == 0
    with pytest.raises(UsageError, match="needs 20 recorded"):
        fit([recording(5)])


def test_the_fit_finds_heavy_tails() -> None:
    rng = np.random.default_rng(3)
    made = [
        Block({SPEED: (Number(1.0), Number(math.exp(0.02 * x)))}) for x in rng.standard_t(3, 500)
    ]
    assert fit([Recording("r", "a", "b", tuple(made))])[0].df < 6


def test_simulated_suites_are_as_wide_as_the_fit_and_hold_what_is_planted() -> None:
    noise = fit([recording(400, sd=0.02)])
    drawn = [
        math.log(block.pairs[SPEED][1].value or 0)
        for suite in suites(noise, 200, 18, 1, {})
        for block in suite
    ]
    assert np.std(drawn) == pytest.approx(noise[0].sd, rel=0.05)
    assert tally(gates(suites(noise, 200, 18, 1, {}), of_18)).fired == 0
    assert tally(gates(suites(noise, 50, 18, 1, {"throughput": 0.9}), of_18)).fired == 50


def test_words_of_a_planted_change() -> None:
    with pytest.raises(UsageError, match="write METRIC=25%"):
        planted(["throughput"])
    with pytest.raises(UsageError, match="nothing can fall by all there is"):
        planted(["throughput=-100%"])
    assert planted(["throughput=-10%", "broker_commands_per_task=1"]) == {
        "throughput": 0.9,
        "broker_commands_per_task": 1.0,
    }


@pytest.mark.parametrize(
    ("name", "fired"), [("cpu", 40), ("memory", 40), ("p99", 40), ("command", 40), ("loss", 39)]
)
def test_what_was_planted_and_recorded_is_caught_from_as_many_starts_as_is_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, fired: int
) -> None:
    found = replayed(capsys, monkeypatch, str(STORED / f"{name}.csv"))["every start"]
    assert found["gates"] == 40
    assert found["codes"].get("1", 0) + found["codes"].get("3", 0) == fired


def test_no_gate_fires_on_recorded_blocks_of_an_arm_against_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(STORED / f"aa-{workers}.csv") for workers in ("one-worker", "two-workers")]
    found = replayed(capsys, monkeypatch, *files, "--aa")
    assert found["every start"]["gates"] == 200 and found["disjoint"]["gates"] > 0
    assert all(not {"1", "3"} & set(each["codes"]) for each in found.values())


def replayed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str
) -> dict[str, Any]:
    code, out, err = lab(capsys, monkeypatch, "replay", *args, "--budget", "10m", "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("record", "a.csv", "--base", "huey/process", "--aa"), "Missing option '--blocks'"),
        (
            ("record", "a.csv", "--blocks", "0", "--base", "huey/process", "--aa"),
            "give a number from 1 on",
        ),
        (("record", "a.csv", "--blocks", "3"), "there is no base: give --base ARM"),
        (("record", "a.csv", "--blocks", "3", "--base", "huey/process"), "there is no head"),
        (
            ("record", "short.csv", "--blocks", "3", "--base", "huey/process", "--aa"),
            "is there already: name another file",
        ),
        (("replay",), "Missing argument"),
        (("replay", "none.csv"), "cannot be read"),
        (("replay", "bad.csv"), "no recording of blocks, or damaged"),
        (("replay", "norun"), "norun"),
        (("replay", "short.csv", "--budget", "soon"), "write a time such as 10m"),
        (("replay", "short.csv", "--blocks", "0"), "give a number from 1 on"),
        (("replay", "short.csv"), "shorter than one gate"),
        (("simulate", "10"), "--noise FILE"),
        (("simulate", "10", "--noise", "short.csv"), "a fit needs 20 recorded"),
        (("replai",), "Did you mean 'replay'"),
    ],
)
def test_wrong_use_is_said_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    (tmp_path / "bad.csv").write_text("recording,base,head\nx\n", encoding="utf-8")
    block = Block({SPEED: (Number(1.0), Number(1.1))}, {"burst": 1.0})
    write_recording(tmp_path / "short.csv", Recording("r", "a", "b", (block,) * 3))
    monkeypatch.chdir(tmp_path)
    code, out, err = lab(capsys, monkeypatch, *args)
    assert code == 64 and words in err, err + out
    assert len([line for line in err.splitlines() if line.startswith(f"{PROGRAM}:")]) == 1
    assert "Traceback" not in err and not (tmp_path / "results").exists()


def test_replay_and_simulation_are_one_command_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [1.0, 1.01, 0.99, 1.0, 1.005, 0.995] * 8
    blocks = tuple(
        Block({SPEED: (Number(1.0), Number(value))}, {"burst": 20.0}) for value in values
    )
    write_recording(tmp_path / "a.csv", Recording("night", "a", "a{again}", blocks))
    monkeypatch.chdir(tmp_path)
    code, out, err = lab(capsys, monkeypatch, "replay", "a.csv", "--aa", "--blocks", "16", "--json")
    assert code == 0 and json.loads(out)["disjoint"]["gates"] >= 3, err
    code, out, err = lab(capsys, monkeypatch, "simulate", "50", "--noise", "a.csv")
    assert code == 0 and "50 gates: 50 ok" in out, err + out


def test_what_the_pages_say_to_type_exists() -> None:
    group: Any = typer.main.get_command(app)
    pages = [ROOT / "README.md", STORED / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages).replace("\\\n", " ")
    typed = re.findall(rf"{re.escape(PROGRAM)} ([a-z]+)([^`\n]*)", text)
    assert {name for name, _ in typed} == set(group.commands)
    for name, rest in typed:
        known = {word for each in group.commands[name].params for word in each.opts}
        assert {word for word in rest.split() if word.startswith("--")} <= known, rest


@pytest.mark.e2e
@pytest.mark.slow
def test_blocks_are_recorded_for_replay(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.gate_lab", "record", "a.csv", "--blocks", "3"]
    only = ["--base", "floor", "--aa", "--scenario", "burst", "--tasks", "500", "--wait"]
    done = subprocess.run(
        [*command, *only],
        cwd=tmp_path,
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0 and "3 blocks kept in a.csv" in done.stdout, done.stderr
    found = read_recordings(tmp_path / "a.csv")[0]
    assert (found.base, found.head) == ("floor/default", "floor/default{again}")
    assert len(found.blocks) == 3
