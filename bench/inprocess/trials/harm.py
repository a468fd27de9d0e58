"""What a stranger may do with a message, and see of a password."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.processes import arguments, below
from bench.inprocess.trials.trial import System


@dataclass(frozen=True)
class Crafted:
    """A pickle without harm: to unpickle it makes an empty file instead of an object."""

    marker: Path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.marker), "w")


def crafted(lab: Lab) -> Crafted:
    """What a stranger sends before `executed` looks for its traces."""
    return Crafted(lab.folder / "executed")


def executed(system: System) -> Observation:
    """Whether the worker has executed the crafted pickle, and does an ordinary task afterwards."""
    system.enqueue("touch", "works")
    system.lab.until(lambda: bool(system.lab.marks("works")), 4)
    return {
        "executed": crafted(system.lab).marker.exists(),
        "works": bool(system.lab.marks("works")),
    }


def signed(lab: Lab) -> Observation:
    """Whether the task `valid` runs, and `tampered`, whose message was changed on its way."""
    lab.wait(1, "valid", 6)
    lab.until(lambda: bool(lab.marks("tampered")), 1.5)
    return {"valid_ran": bool(lab.marks("valid")), "tampered_ran": bool(lab.marks("tampered"))}


def flipped(message: bytes) -> bytes:
    """The same with one bit in its middle changed."""
    changed = bytearray(message)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


def leaks(system: System) -> Observation:
    """Whether the broker's password shows, once a task has run with it.

    In the arguments of the processes that this trial has started, and in what they print.
    """
    lab, password = system.lab, str(urlsplit(system.lab.broker).password)
    system.enqueue("touch", "used")
    lab.wait(1, "used", 10)
    return {
        "ran": bool(lab.marks("used")),
        "process_list": any(password in arguments(pid) for pid in below(os.getpid())),
        "logs": any(
            password in log.read_text(errors="replace", encoding="utf-8")
            for log in lab.folder.glob("process-*.log")
        ),
    }
