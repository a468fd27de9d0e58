"""Does a password show where others can read it?"""

import os

import psutil

from bench.probe.live.lab import Lab, Observation


def shown(lab: Lab, password: str) -> Observation:
    """In the arguments of the processes that this trial has started, and in what they print."""
    processes = psutil.Process(os.getpid()).children(recursive=True)
    arguments = [" ".join(process.cmdline()) for process in processes if process.is_running()]
    logs = [log.read_text(errors="replace") for log in lab.folder.glob("process-*.log")]
    return {"ran": bool(lab.marks("used")), "process_list": any(password in line for line in arguments), "logs": any(password in text for text in logs)}
