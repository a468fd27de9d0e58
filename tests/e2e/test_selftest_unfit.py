"""A figure that could not be measured is not a figure out of its band: tried again, then named."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.base.errors import EXIT_INVALID
from bench.model.arm import parse_arm
from bench.model.cell import Cell
from bench.model.manifest import CellLine
from bench.run.runner import Runner
from bench.selftest import counting, noise, own_cost, proof, stored_selftest, synthetic_runs
from bench.selftest.expectations import NoFigure, SelftestLine, Unmeasured, asked, within
from bench.selftest.synthetic_runs import AGAIN, Session, arm, value

BUSY = (
    "foreign load: 52.0% of the machine was busy with something else during steady "
    "(5 % is the limit): end it and measure again"
)
HALTED = "throttled: the cgroup's CPU quota of 0.6 cores halted this cell: raise the limit"
SPIN = "import time\nuntil = time.monotonic() + 300\nwhile time.monotonic() < until: pass"
Ends = Callable[[int], tuple[str, str, str]]


@pytest.fixture
def cells_end(monkeypatch: pytest.MonkeyPatch) -> Callable[[Ends], list[str]]:
    """Let cells end in these ways, by the number of cells before; gives the list of those begun."""

    def install(ends: Ends) -> list[str]:
        begun: list[str] = []

        def end(self: Runner, cell: Cell) -> CellLine:
            begun.append(cell.label)
            return self._ended(cell, *ends(len(begun) - 1))

        monkeypatch.setattr(Runner, "_drive", end)
        return begun

    return install


@pytest.fixture
def neighbours() -> Iterator[None]:
    """One busy process for each core."""
    hogs = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in os.sched_getaffinity(0)]
    yield
    for hog in hogs:
        hog.kill()
        hog.wait()


def made(tmp_path: Path) -> Session:
    return Session(tmp_path / "runs", lambda text: None)


def capacity(made: Session, **options: Any) -> Any:
    return made.run("rate", "latency", [arm(capacity=1000)], ["capacity"], **options)


def test_a_cell_is_measured_again_three_times_then_the_reason_is_told(
    tmp_path: Path, cells_end: Any
) -> None:
    begun = cells_end(lambda before: ("failed", "invalid", BUSY))
    with pytest.raises(
        Unmeasured, match=r"^tried 4 times; foreign load: 52\.0% .*: end it and measure again$"
    ):
        capacity(made(tmp_path))
    assert len(begun) == 1 + AGAIN == 4


def test_the_last_of_the_tries_may_be_well(tmp_path: Path, cells_end: Any) -> None:
    begun = cells_end(
        lambda before: ("failed", "invalid", BUSY) if before < 3 else ("skipped", "ok", "")
    )
    run = capacity(made(tmp_path))
    assert len(begun) == 4 and [line.retry_of for line in run.manifest.cells] == [None, 1, 1, 1]


def test_only_the_cell_that_was_unfit_is_measured_again(tmp_path: Path, cells_end: Any) -> None:
    begun = cells_end(
        lambda before: ("failed", "invalid", BUSY) if before == 1 else ("skipped", "ok", "")
    )
    made(tmp_path).run("two", "burst", [arm(), arm("kept")], ["-"])
    assert len(begun) == 3 and len(set(begun)) == 2 and begun[2] == begun[1]


def test_a_quota_is_not_tried_again(tmp_path: Path, cells_end: Any) -> None:
    begun = cells_end(lambda before: ("failed", "invalid", HALTED))
    with pytest.raises(Unmeasured, match=r"^tried once; throttled: .* quota of 0\.6 cores"):
        capacity(made(tmp_path))
    assert len(begun) == 1


def test_what_the_cell_itself_did_is_no_excuse(tmp_path: Path, cells_end: Any) -> None:
    begun = cells_end(lambda before: ("failed", "invalid", "a worker ended while it should work"))
    run = capacity(made(tmp_path))
    assert len(begun) == 1
    with pytest.raises(NoFigure, match="capacity is invalid: a worker ended"):
        value(run, "capacity")


def test_a_late_generator_is_an_answer_where_it_is_the_question(
    tmp_path: Path, cells_end: Any
) -> None:
    cells_end(lambda before: ("failed", "invalid", "generator: its wake lag P99 was 9 ms"))
    capacity(made(tmp_path), answers=("generator",))
    with pytest.raises(Unmeasured):
        capacity(made(tmp_path))


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_no_check_prints_nan_on_a_machine_that_is_never_fit(
    tmp_path: Path, cells_end: Any, monkeypatch: pytest.MonkeyPatch, quick: bool
) -> None:
    monkeypatch.setattr(own_cost, "loop_us", lambda folder: 1.0)
    monkeypatch.setattr(own_cost, "side_by_side", lambda *_: (float("nan"), 1.0))
    monkeypatch.setattr(synthetic_runs, "AGAIN", 0)
    cells_end(lambda before: ("failed", "invalid", BUSY))
    code, document, said = carry_out(tmp_path, quick, 0 if quick else 3)
    assert code == EXIT_INVALID and not document["passed"]
    lines = document["lines"]
    assert {line["item"] for line in lines} >= ({2, 4, 5, 6, 10} if quick else {*range(2, 11)})
    left = [line for line in lines if line["verdict"] == "invalid"]
    # What needs no cell, the floor whose worker did nothing, and what asks for a busy machine.
    rest = [("ok", 10)] if quick else [("ok", 7), ("failed", 7), ("ok", 10)]
    assert [(line["verdict"], line["item"]) for line in lines if line not in left] == rest
    assert all(BUSY in line["unfit"] and BUSY in line["measured"] for line in left)
    assert f"{len(left)} not measured" in said


def carry_out(tmp_path: Path, quick: bool, noise: int = 0) -> tuple[int, dict[str, Any], str]:
    """(exit code, selftest.json, what was printed), neither of which says nan."""
    screen = io.StringIO()
    code = proof.selftest(tmp_path / "proof", quick, noise, Console(file=screen, width=100))
    text, said = (tmp_path / "proof" / stored_selftest.FILE).read_text(), screen.getvalue()

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    assert not re.search(r"\bnan\b", f"{text} {said}", re.IGNORECASE)
    return code, json.loads(text, parse_constant=refuse), said


def test_a_line_without_a_figure_says_so_and_is_told_from_one_out_of_its_band() -> None:
    lines = [
        within(2, "x", float("nan"), 1.0, 2.0, "s", ""),
        within(2, "x", 3.0, 1.0, 2.0, "s", "bench/x.py"),
    ]
    with asked(lines, 2, "y"):
        raise Unmeasured(f"tried 4 times; {BUSY}")
    with asked(lines, 2, "z"):
        raise NoFigure("capacity is invalid: a worker ended")
    assert [line.verdict for line in lines] == ["failed", "failed", "invalid", "failed"]
    assert lines[0].measured == "no figure"
    assert proof._row(lines[1]) == "FAIL  2  x: 3 s (expected 1 to 2 s); check bench/x.py"
    assert proof._row(lines[2]) == f"none  2  y: not measured, tried 4 times; {BUSY}"
    assert proof._row(lines[3]).startswith("FAIL  2  z: none, capacity is invalid: a worker ended")


def test_what_was_measured_of_a_check_stays(
    tmp_path: Path, cells_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recording(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
        raise Unmeasured("tried once; elsewhere")

    assert proof._guarded(recording, made(tmp_path), True)[0].verdict == "invalid"
    # The second rate is unfit, the first and the third are not.
    cells_end(lambda before: ("failed", "invalid", BUSY if 0 < before < 5 else "a worker ended"))
    found: list[SelftestLine] = []
    counting.rates(made(tmp_path), False, found)
    assert [line.verdict for line in found] == ["failed", "invalid", "failed"]


def test_an_arm_may_be_measured_against_itself(
    tmp_path: Path, cells_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "fastest", lambda made: parse_arm("floor", made.adapters))
    begun = cells_end(lambda before: ("skipped", "unavailable", "not here"))
    lines: list[SelftestLine] = []
    noise.same_twice(3)(made(tmp_path), False, lines)
    (line,) = lines
    assert len(begun) == 6 and line.measured == "none, no measure has 3 pairs"


@pytest.mark.e2e
@pytest.mark.slow
def test_beside_a_real_neighbour_a_check_names_it(
    tmp_path: Path, neighbours: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "QUICK", (counting.rates,))
    monkeypatch.setattr(synthetic_runs, "AGAIN", 1)
    code, document, said = carry_out(tmp_path, quick=True)
    (line,) = document["lines"]
    assert (code, line["verdict"], line["item"]) == (EXIT_INVALID, "invalid", 2), said
    assert line["unfit"].startswith("tried 2 times; foreign load: ") and line["unfit"].endswith(
        "end it and measure again"
    )
    assert "none  2  a capacity of 1,000 tasks/s: not measured, tried 2 times; foreign" in said


def test_what_is_measured_outside_of_cells_is_judged_too(
    neighbours: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic_runs, "AGAIN", 0)
    with pytest.raises(Unmeasured, match=r"^tried once; foreign load: \d+\.\d% .* this check"):
        own_cost.alone(lambda: time.sleep(2.1))
    assert own_cost.alone(lambda: "too short to tell") == "too short to tell"


def test_what_a_check_starts_is_its_own_load_and_a_halt_is_told() -> None:
    before = own_cost.Moment()._spent()
    spin = SPIN.replace("300", "0.5")
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])"
    subprocess.run([sys.executable, "-c", nested], check=True)
    assert own_cost.Moment()._spent()[2] - before[2] > 0.1
    moment = own_cost.Moment()
    moment._began = (*moment._began[:3], -1.0)
    assert moment.unfit().startswith("throttled: the cgroup's CPU quota")
