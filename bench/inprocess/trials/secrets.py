"""Does a password show where others can read it?"""

import os

from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.processes import arguments, below


def shown(lab: Lab, password: str) -> Observation:
    """In the arguments of the processes that this trial has started, and in what they print."""
    lines = [arguments(pid) for pid in below(os.getpid())]
    logs = [
        log.read_text(errors="replace", encoding="utf-8")
        for log in lab.folder.glob("process-*.log")
    ]
    return {
        "ran": bool(lab.marks("used")),
        "process_list": any(password in line for line in lines),
        "logs": any(password in text for text in logs),
    }
