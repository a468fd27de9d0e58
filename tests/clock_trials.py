"""Bounds of two clocks whose truth is known: namespaces of one machine, whose clocks are the
machine's own and an offset. `python -m tests.clock_trials FOLDER` prints a line of JSON per trial.

A namespace cannot have a clock that runs faster: drift is planted into the stamps of the far one.
"""

import json
import secrets
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.hosts.channel import Channel
from bench.hosts.far_host import FarHost
from bench.hosts.netns import OFFSETS_NS, NamespaceHost, namespaces
from bench.record.clock_bounds import Ints, Pings, offset_bounds
from tests import delay_line

PINGED_S = 5.0
TOKEN = secrets.token_bytes(16)
OFFSET_NS = OFFSETS_NS[1] - OFFSETS_NS[0]


@dataclass(frozen=True)
class Trial:
    """`line_ms` is how long each way takes, of a network of its own; None is the cable."""

    name: str
    drift_ppm: float = 0.0
    line_ms: tuple[float, float] | None = None
    busy: bool = False


TRIALS = (
    Trial("quiet"),
    Trial("quiet, 50 ppm", 50),
    Trial("quiet, -100 ppm", -100),
    Trial("saturated", busy=True),
    Trial("saturated, 100 ppm", 100, busy=True),
    Trial("1 ms each way", 20, (1, 1)),
    Trial("2 ms longer there", 0, (2, 0)),
    Trial("2 ms longer back, 50 ppm", 50, (0, 2)),
    Trial("5 ms longer there, -50 ppm", -50, (5, 0)),
    Trial("5 ms longer back, 100 ppm", 100, (0, 5)),
    Trial("5 ms longer there, saturated", 0, (5, 0), busy=True),
    Trial("1 and 3 ms, saturated, 100 ppm", 100, (1, 3), busy=True),
)


def main(folder: Path) -> None:
    with ExitStack() as stack:
        spaces = stack.enter_context(namespaces(["near", "far"]))
        near, far = (
            FarHost(
                stack.enter_context(Channel(each.name, each.keeper(), folder / each.name, ())),
                each.address,
            )
            for each in spaces
        )
        for trial in TRIALS:
            with _line(trial, spaces) as addresses, _burners(2 if trial.busy else 0):
                print(json.dumps(_tried(trial, near, far, addresses)), flush=True)


def _tried(
    trial: Trial, near: FarHost, far: FarHost, addresses: tuple[str, str]
) -> dict[str, object]:
    port = far.channel.ask("echo", TOKEN, address=addresses[1])["port"]
    near.channel.ask("ping", TOKEN, address=addresses[0], targets={"far": (addresses[1], port)})
    time.sleep(PINGED_S)
    _, stamps = near.channel.order("pings")
    near.channel.ask("unping")
    rows = np.array(array("q", stamps), np.int64).reshape(-1, 4)
    begin = int(rows[0, 1])
    rows[:, 1:3] += _drifted(rows[:, 1:3] - begin, trial.drift_ppm)
    pings = Pings.of(rows)
    bounds = offset_bounds(pings)
    moments = np.linspace(pings.sent[0], pings.returned[-1], 2_000).astype(np.int64)
    truth = OFFSET_NS + _drifted(moments + OFFSET_NS - begin, trial.drift_ppm)
    found = bounds.far(moments)
    return {
        **asdict(trial),
        "pings": len(rows),
        "unfit": bounds.unfit,
        "outside": int(((truth < found.low) | (truth > found.high)).sum()),
        "half_us": round(float(np.median(found.half())) / 1e3, 1),
        "round_trip_us": round(float(np.median(pings.round_trips_ns())) / 1e3, 1),
    }


def _drifted(since: Ints, ppm: float) -> Ints:
    return np.rint(since * (ppm / 1e6)).astype(np.int64)


@contextmanager
def _line(trial: Trial, spaces: list[NamespaceHost]) -> Iterator[tuple[str, str]]:
    """The addresses by which the two reach one another."""
    if trial.line_ms is None:
        yield spaces[0].address, spaces[1].address
        return
    delays = [str(each) for each in trial.line_ms]
    pids = [str(each.pid) for each in spaces]
    argv = [sys.executable, "-m", "tests.delay_line", *pids, *delays]
    line = subprocess.Popen(argv, stdout=subprocess.PIPE)
    try:
        assert line.stdout
        assert line.stdout.readline() == b"ready\n"
        yield delay_line.ADDRESSES
    finally:
        line.kill()
        line.wait()


@contextmanager
def _burners(count: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    burn = [sys.executable, "-c", "while True: pass"]
    started = [subprocess.Popen(burn) for _ in range(count)]
    try:
        yield
    finally:
        for each in started:
            each.kill()
            each.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
