"""`bench selftest`: carry out the checks, print a line for each, store them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.analysis.stats import MIN_BLOCKS
from bench.base.errors import EXIT_INVALID, EXIT_OK, BenchError, UsageError
from bench.base.version import VERSION
from bench.hosts import machine
from bench.record import documents
from bench.selftest import (
    counting,
    generating,
    loading,
    noise,
    own_cost,
    recovering,
    resources,
    unfit,
    waiting,
)
from bench.selftest.expectations import RUNS, SelftestLine, Unmeasured, unmeasured
from bench.selftest.stored_selftest import FILE, StoredSelftest
from bench.selftest.synthetic_runs import Session

Check = Callable[[Session, bool, list[SelftestLine]], None]
QUICK: Sequence[Check] = (
    counting.planted,
    counting.rates,
    waiting.stall,
    recovering.back,
    resources.step,
    unfit.gates,
)
FULL: Sequence[Check] = (
    counting.planted,
    counting.rates,
    waiting.theory,
    waiting.stall,
    recovering.back,
    recovering.again,
    resources.step,
    resources.leak,
    resources.burn,
    own_cost.recording,
    own_cost.forks,
    own_cost.sampler,
    generating.rising,
    generating.slow_call,
    loading.typed,
    unfit.gates,
)


def new_folder() -> Path:
    """Where a selftest goes unless told."""
    return Path("results") / f"selftest-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def selftest(folder: Path, quick: bool, blocks: int, out: Console) -> int:
    """Run every check and store what it said; the exit code."""
    if blocks and blocks < MIN_BLOCKS:
        raise UsageError(f"--noise {blocks}: give 0 for none, or {MIN_BLOCKS} blocks at least")
    documents.fresh_folder(folder)
    session = Session(
        folder / "runs",
        lambda text: out.print(f"      {text}", style="dim", markup=False, soft_wrap=True),
    )
    checks = [*(QUICK if quick else FULL), *([noise.same_twice(blocks)] if blocks else [])]
    began, lines = datetime.now(UTC), list[SelftestLine]()
    for check in checks:
        lines += (printed := _guarded(check, session, quick))
        for line in printed:
            out.print(_row(line), markup=False, soft_wrap=True)
    stored = StoredSelftest(
        format=1,
        created=began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round((datetime.now(UTC) - began).total_seconds()),
        bench_version=VERSION,
        quick=quick,
        noise_blocks=blocks,
        machine=machine.describe(),
        passed=all(line.passed for line in lines),
        lines=tuple(lines),
    )
    documents.write_json(folder / FILE, stored.as_json())
    good, left = (sum(line.verdict == verdict for line in lines) for verdict in ("ok", "invalid"))
    rest = f", {left} not measured: the machine was unfit for them" if left else ""
    out.print(
        f"{good} of {len(lines)} as expected{rest}; written to {folder / FILE}",
        markup=False,
        soft_wrap=True,
    )
    return EXIT_OK if good == len(lines) else EXIT_INVALID


def _guarded(check: Check, session: Session, quick: bool) -> list[SelftestLine]:
    """A check that cannot be carried out has failed; the others go on."""
    lines: list[SelftestLine] = []
    name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
    try:
        check(session, quick, lines)
    except UsageError:
        raise
    except Unmeasured as error:
        return [unmeasured(0, name, str(error))]
    except (BenchError, ValueError, KeyError, IndexError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        what = f"{name} could not be carried out"
        return [SelftestLine(0, what, "a figure", reason, False, RUNS)]
    return lines


def _row(line: SelftestLine) -> str:
    """A line as it is printed; that of an unfit machine ends with what to do about it."""
    mark = {"ok": "ok  ", "failed": "FAIL", "invalid": "none"}[line.verdict]
    text = f"{mark} {line.item:2d}  {line.what}: {line.measured}"
    if line.unfit:
        return text
    return f"{text} (expected {line.expected})" + ("" if line.passed else f"; check {line.check}")
