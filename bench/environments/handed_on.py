"""Variables that a user hands on to measured processes, and the workload file that names some."""

import os
from collections.abc import Iterable
from pathlib import Path

from adapters.base import Adapter
from bench.base import environ
from bench.environments.user_code import refusal
from bench.model.systems import read_by
from bench.workload.workload_file import WorkloadFile, read_workload

OURS = ("QUEUE_BENCH_", "PYTHONPATH")
# With another value of these a cell would not have the programs, libraries or modules that bench
# says it has. The user's own values are handed on to all processes, or may be by name.
SEARCHED = (
    *("PATH", "LD_*", "PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONUSERBASE", "PYTHONSAFEPATH"),
    *("PYTHONEXECUTABLE", "VIRTUAL_ENV"),
)
TEMPORARY = ("TMPDIR", "TEMP", "TMP")


def refused_variable(name: str, steering: Iterable[str]) -> str:
    """Why no measured process may get that variable from a user; empty where it may.

    `steering` are the patterns of those that the systems read.
    """
    if environ.matches(name, steering):
        return (
            "a measured library reads it, so the arm would be another one than it says: change "
            "a setting of the arm, as in celery/default{SETTING=VALUE}"
        )
    if name.startswith(OURS):
        return "bench sets this variable itself: leave it out"
    return ""


def not_there(name: str) -> str:
    """What to do about a variable that cannot be handed on; empty where it can."""
    return "" if name in os.environ else "there is no such variable: export it first"


def usable(path: Path, adapters: Iterable[Adapter]) -> WorkloadFile:
    """The workload in a file.

    UsageError for a fault in it, and for variables that no process may get or that are not there.
    """
    file = read_workload(path)
    refuse_variables(file, adapters)
    return file


def refuse_variables(file: WorkloadFile, adapters: Iterable[Adapter]) -> None:
    """UsageError for a variable of [code] that no process may get, or that is not there."""
    steering = read_by(adapters)
    code = file.workload.code
    for name in code.passed:
        if fault := refused_variable(name, steering) or not_there(name):
            raise refusal(file, ("code", "pass"), f"{name}: {fault}")
    for name in code.env:
        if fault := refused_variable(name, steering) or _refused_value(name):
            raise refusal(file, ("code", "env", name), f"{name}: {fault}")


def _refused_value(name: str) -> str:
    """Why a file may not give that variable a value of its own; empty where it may."""
    if name in TEMPORARY:
        return "each cell has a folder of its own for temporary files: leave it out"
    if environ.matches(name, SEARCHED):
        return (
            "it decides which programs, libraries or modules a process finds, and the arm would "
            "be another one than it says: leave it out"
        )
    return ""
