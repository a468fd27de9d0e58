"""The user's functions, tried once in each environment before anything is measured there."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.base.environ import hidden
from bench.base.errors import CellFailed, UsageError, one_line
from bench.base.toml_file import read_toml
from bench.base.toml_lines import Place, known_part
from bench.environments.cache import fit
from bench.environments.provision import (
    TRY_S,
    CodeNotInstalled,
    provision,
    trial_environment,
)
from bench.hosts.local import EMPTY_LOG, Host, last_lines
from bench.model import requirements
from bench.model.arm import Arm
from bench.model.requirements import Requirement
from bench.workload.workload_file import WorkloadFile

TRIAL = "bench.inprocess.call_trial"
NO_PORT = 9  # of a broker that nobody serves: an import that wants one may say so


def required(file: WorkloadFile) -> tuple[Requirement, ...]:
    """What [code] asks for in every environment; paths in it count from the file's folder."""
    texts = file.workload.code.requirements
    if not texts:
        return ()
    return tuple(
        replace(each, path=os.path.normpath(file.path.parent / os.path.expanduser(each.path)))
        if each.path
        else each
        for each in requirements.parse(", ".join(texts), "[code]")
    )


def provisioned(
    arms: Sequence[Arm],
    file: WorkloadFile | None,
    say: Callable[[str], None],
    passed: Sequence[str],
) -> list[Arm]:
    """The arms with their environments, in which what [code] asks for is installed.

    UsageError as for `provision`; with file and line where what [code] asks for is in it.
    """
    if file is None:
        return provision(arms, say, passed)
    try:
        return provision(with_code(arms, file), say, passed)
    except CodeNotInstalled as error:
        raise refusal(file, ("code", "requirements"), str(error), passed) from None


def with_code(arms: Iterable[Arm], file: WorkloadFile) -> list[Arm]:
    """The arms, each with what [code] asks for in its environment."""
    return [replace(arm, code=required(file)) for arm in arms]


def refuse_unusable_code(arms: Sequence[Arm], file: WorkloadFile, passed: Sequence[str]) -> None:
    """UsageError, with file and line, for a function of the file that cannot be called.

    Its module cannot be imported, it is not there, or arguments do not fit it. The environments of
    the arms must have been made; `passed` are the names of variables that all processes get.
    """
    calling = [kind for kind, task in enumerate(file.workload.task) if task.call]
    if not calling:
        return
    if os.pathsep in str(_folder(file)):
        what = f"a Python path cannot hold a {os.pathsep!r}: move {_folder(file)}"
        raise refusal(file, ("code", "path"), what)
    # One arm for each environment: what is imported there is the same for all.
    by_environment = {arm.environment.folder: arm for arm in reversed(arms)}
    for arm in reversed(by_environment.values()):
        for kind, fault in zip(calling, _faults(arm, file, calling, passed), strict=True):
            if fault:
                place = ("task", kind, fault["key"])
                raise refusal(file, place, f"{fault['said']} ({_where(arm)})", passed)


def _where(arm: Arm) -> str:
    return f"{arm.name}, Python {arm.environment.python.name}"


def refusal(file: WorkloadFile, place: Place, what: str, passed: Iterable[str] = ()) -> UsageError:
    """The error for what stands at a place of the file, with its line.

    Without the values of variables that are handed on, by the file or as `passed`.
    """
    written = read_toml(file.path)
    # What is not written has the line of what it would stand in.
    known = known_part(written.document, place)
    return written.refusal(known, hidden(one_line(what), (*file.workload.code.passed, *passed)))


def _folder(file: WorkloadFile) -> Path:
    return (file.path.parent / file.workload.code.path).absolute()


def _faults(
    arm: Arm, file: WorkloadFile, calling: Sequence[int], passed: Sequence[str]
) -> list[dict[str, Any] | None]:
    """What is wrong with each of these functions there, as JSON gives it."""
    fit(Path(tempfile.gettempdir()), "set TMPDIR to another folder")
    with Host(Path(tempfile.mkdtemp(prefix="queue-bench-try-"))) as host:
        asked, answer = host.work / "asked.json", host.work / "answer.json"
        tasks = [file.workload.task[kind] for kind in calling]
        files = [
            str((file.path.parent / task.args).absolute()) if task.args else None for task in tasks
        ]
        asked.write_text(
            json.dumps(
                [{"call": task.call, "args": args} for task, args in zip(tasks, files, strict=True)]
            ),
            encoding="utf-8",
        )
        code = file.workload.code
        env = trial_environment(arm, host.work, NO_PORT, (*passed, *code.passed)) | dict(code.env)
        env["TMPDIR"] = str(host.temporary)
        env["PYTHONPATH"] += os.pathsep + str(_folder(file))
        argv = [arm.environment.program("python"), "-m", TRIAL, str(asked), str(answer)]
        first = ("task", calling[0], "call")
        try:
            process = host.spawn(argv, host.work / "said.log", env)
        except CellFailed as failed:
            raise refusal(file, first, str(failed)) from None
        ended = process.wait(TRY_S)
        if not ended or not answer.exists():
            reached = Path(f"{answer}.at")
            at = int(reached.read_text(encoding="utf-8") or 0) if reached.exists() else 0
            call, said = tasks[at].call, last_lines(process.log, 1)
            what = f"{call} cannot be imported: " + (
                f"its import ended Python with status {process.exit_status()}"
                if ended
                else f"its import has not ended after {TRY_S:.0f} s"
            )
            what += "" if said == EMPTY_LOG else f": {said}"
            raise refusal(file, ("task", calling[at], "call"), f"{what} ({_where(arm)})", passed)
        faults: list[dict[str, Any] | None] = json.loads(answer.read_text(encoding="utf-8"))
    return faults
