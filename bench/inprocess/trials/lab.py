"""What a trial has at hand: a broker, processes, the marks of its tasks, and a clock that ends."""

import inspect
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from bench.inprocess.trials.mark import MARKS

# JSON, of which the docstring of each feature's judge says what is in it
Observation = Mapping[str, Any]
Mark = Mapping[str, Any]  # JSON: what `mark` writes of itself, and the facts that a task adds
Value = TypeVar("Value")
# The settings of a trial's application, as JSON, for every process of it
SETTINGS = "QUEUE_BENCH_TRIAL"


class GaveUp(Exception):
    """What the trial needs did not come about: nothing was learnt of the feature."""


@dataclass
class TrialProcess:
    """A program that the trial has started; the keeper ends it at the latest."""

    popen: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        """The process id, also after its end."""
        return self.popen.pid

    def alive(self) -> bool:
        """Whether the program still runs."""
        return self.popen.poll() is None

    def text(self) -> str:
        """Standard output and errors so far."""
        return self.log.read_text(errors="replace", encoding="utf-8")

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal, with SIGKILL if it does not go."""
        self.popen.send_signal(number)  # none where it has ended and been waited for
        try:
            self.popen.wait(6)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Lab:
    """The folder, the broker, the processes and the marks of one trial, and its time limit."""

    def __init__(self, folder: Path, broker: str, seconds: float) -> None:
        self.folder, self.broker = folder, broker
        self.deadline = time.monotonic() + seconds
        self.marks_file = folder / "marks.jsonl"
        self._count = self._read = 0
        self._marks: list[Mark] = []
        os.environ[MARKS] = str(self.marks_file)

    def settings(self, **values: Any) -> None:
        """Set what the trial's application is set up with, here and in every process started from
        now on."""
        os.environ[SETTINGS] = json.dumps(values)

    def start(self, *argv: str, env: Mapping[str, str] = MappingProxyType({})) -> TrialProcess:
        """Start a program of this environment; its output goes into a log of its own."""
        self._count += 1
        log = self.folder / f"process-{self._count}.log"
        program = Path(sys.executable).parent / argv[0]
        with open(log, "ab") as out:
            popen = subprocess.Popen(
                [str(program) if program.exists() else argv[0], *argv[1:]],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **env},
                cwd=self.folder,
                start_new_session=True,
            )
        return TrialProcess(popen, log)

    def run(self, *argv: str) -> str:
        """Start a program, wait for its end, and give what it printed."""
        process = self.start(*argv)
        try:
            process.popen.wait(10)
        except subprocess.TimeoutExpired:
            process.end(signal.SIGKILL)
            raise GaveUp(
                f"{' '.join(argv[:3])} did not end within 10 s: {process.text()[-300:]}"
            ) from None
        return process.text()

    def marks(self, name: str = "") -> list[Mark]:
        """The marks so far, or those of one name, in the order in which they were written."""
        if self.marks_file.exists():
            # Only what is new: to read thousands of lines anew every 10 ms would take a core from
            # the worker that is watched.
            with open(self.marks_file, "rb") as file:
                file.seek(self._read)
                whole, end, _ = file.read().rpartition(b"\n")
            self._read += len(whole) + len(end)
            self._marks += [json.loads(line) for line in whole.splitlines()]
        return [each for each in self._marks if not name or each["name"] == name]

    def left(self) -> float:
        """Seconds until the trial is ended from outside."""
        return self.deadline - time.monotonic()

    def until(self, what: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something is so; whether it came about in time."""
        end = min(time.monotonic() + timeout_s, self.deadline - 0.5)
        while time.monotonic() < end:
            if what():
                return True
            time.sleep(0.01)
        return what()

    def wait(self, count: int, name: str, timeout_s: float = 8.0) -> list[Mark]:
        """Wait for so many marks of a name; GaveUp if they do not come."""
        if not self.until(lambda: len(self.marks(name)) >= count, timeout_s):
            raise GaveUp(
                f"{len(self.marks(name))} of {count} marks {name!r} after {timeout_s:.0f} s; "
                f"the logs end with: {self.logs()}"
            )
        return self.marks(name)

    def logs(self, characters: int = 300) -> str:
        """The ends of all logs, for an error message."""
        return " | ".join(
            log.read_text(errors="replace", encoding="utf-8").strip()[-characters:]
            for log in sorted(self.folder.glob("process-*.log"))
        )


def absent(pattern: str, places: Mapping[str, Iterable[str]]) -> Observation:
    """The observation that nothing in these places has such a name.

    GaveUp if something has one, for then somebody has to look. `places`: what was looked at → the
    names found there (parameters, options, attributes).
    """
    wanted = re.compile(pattern, re.IGNORECASE)
    matches = [
        f"{at}: {name}" for at, names in places.items() for name in names if wanted.search(name)
    ]
    if matches:
        raise GaveUp(f"something is called so ({', '.join(matches[:5])}): write a trial for it")
    looked_at = ", ".join(f"{len(list(names))} names of {at}" for at, names in places.items())
    return {"absent": f"nothing named like {pattern!r} among {looked_at}"}


def parameters(function: Callable[..., object]) -> list[str]:
    """The names of a callable's parameters; those that hide behind ** are not seen."""
    return list(inspect.signature(function).parameters)


def options(text: str) -> list[str]:
    """The long options that a `--help` prints."""
    return sorted(set(re.findall(r"--[a-z][\w-]+", text)))


def public(place: object) -> list[str]:
    """The names of a module or class that are not private."""
    return [name for name in dir(place) if not name.startswith("_")]


def timed(work: Callable[[], Value]) -> tuple[float, Value]:
    """Call it; (the seconds that took, its result)."""
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value
