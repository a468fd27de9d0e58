"""The arms of a run and the environments they run in.

Each arm is tried where it will run, before anything is measured: its system is imported there, and
its worker asked whether it takes what the arm tells it.
"""

import json
import re
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.base import Tries
from bench.base.distributions import installed, shortened
from bench.base.environ import built
from bench.base.errors import CellFailed, UsageError
from bench.environments import pythons
from bench.environments.build import environment_for
from bench.environments.cache import fit
from bench.hosts.local import Host, last_lines
from bench.hosts.task_code import task_code
from bench.inprocess import cell_context
from bench.model.arm import Arm, code_of, needs_of, packages_of
from bench.model.broker import KINDS
from bench.model.cell import Cell
from bench.model.environment import Environment
from bench.model.interpreter import Interpreter
from bench.model.manifest import ArmRecord
from bench.model.requirements import python_of

TRY_S = 60.0
AT_ONCE = 4
_tried: set[str] = set()  # those that this process has found usable


@dataclass(frozen=True)
class Attempt:
    """One process that shows whether an arm can be used, and what it means if it fails."""

    arm: Arm
    argv: tuple[str, ...]
    means: str
    fix: str

    @property
    def key(self) -> str:
        """A text that is equal for two attempts which would try the same."""
        where = (str(self.arm.environment.folder), self.arm.adapter.app, self.arm.broker)
        return json.dumps([*where, self.arm.settings, self.argv], sort_keys=True, default=str)


class CodeNotInstalled(UsageError):
    """An environment cannot be made or used, and the user's own code asks for something in it."""


def provision(
    arms: Sequence[Arm], say: Callable[[str], None], passed: Iterable[str] = ()
) -> list[Arm]:
    """The arms, where they ask for environments with these made; each has been tried.

    UsageError with the reason where a Python is missing, an environment cannot be made, or an arm
    not be used in it. `passed` are the names of the user's variables that its processes will be
    given.
    """
    # All of them first: nobody waits for one environment to learn that another has no Python.
    found = [pythons.find(python_of(arm.asked), arm.name, say) for arm in arms]
    provisioned = [
        replace(arm, environment=_environment(arm, python, say)) if arm.asked else arm
        for arm, python in zip(arms, found, strict=True)
    ]
    refuse_unusable(provisioned, passed)
    return provisioned


def _environment(arm: Arm, python: Interpreter, say: Callable[[str], None]) -> Environment:
    try:
        return environment_for(arm.name, needs_of(arm), arm.asked, say, python)
    except UsageError as error:
        raise CodeNotInstalled(str(error)) if arm.code else error from None


def refuse_unusable(arms: Sequence[Arm], passed: Iterable[str] = ()) -> None:
    """UsageError in one line for an arm that cannot be used where it would run.

    Its system cannot be imported there, or its worker cannot be started as the arm asks.
    `passed` are the names of the user's variables that its processes will be given.
    """
    todo = {each.key: each for arm in arms for each in _attempts(arm) if each.key not in _tried}
    waiting = list(todo.values())
    for at in range(0, len(waiting), AT_ONCE):
        _carry_out(waiting[at : at + AT_ONCE], tuple(passed))
    _tried.update(todo)


def _attempts(arm: Arm) -> Iterator[Attempt]:
    find = arm.environment.program
    yield Attempt(
        arm,
        (find("python"), "-m", "bench.inprocess.import_trial"),
        f"cannot be used with Python {arm.environment.python.name}",
        "name other versions" if arm.asked else "`bench doctor` says what to install",
    )
    for command in arm.adapter.commands(arm.launch(1)):
        find(command.argv[0])  # UsageError where these versions bring no such program
    if isinstance(arm.adapter, Tries):
        for command in arm.adapter.tries(arm.launch(1)):
            yield Attempt(
                arm,
                (find(command.argv[0]), *command.argv[1:]),
                "has a worker that cannot be started",
                "name another version or profile",
            )


def _carry_out(attempts: Sequence[Attempt], passed: tuple[str, ...]) -> None:
    fit(Path(tempfile.gettempdir()), "set TMPDIR to another folder")
    with Host(Path(tempfile.mkdtemp(prefix="queue-bench-try-"))) as host, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # a port at which nobody answers for as long as this lasts
        begun = []
        for number, attempt in enumerate(attempts):
            work = host.work / str(number)
            work.mkdir()
            env = trial_environment(attempt.arm, work, bound.getsockname()[1], passed)
            env["TMPDIR"] = str(host.temporary)
            try:
                begun.append((attempt, host.spawn(attempt.argv, work / "said.log", env)))
            except CellFailed as failed:
                raise _refused(attempt, str(failed)) from None
        deadline = time.monotonic() + TRY_S
        for attempt, process in begun:
            if not process.wait(max(0.0, deadline - time.monotonic())):
                raise _refused(attempt, f"no end after {TRY_S:.0f} s")
            if process.exit_status() not in (0, -signal.SIGALRM):
                # The last line of what was said, without the file that Python names in it.
                why = re.sub(r" \(/[^)]*\)", "", last_lines(process.log, 1))
                raise _refused(attempt, why[:300])


def _refused(attempt: Attempt, why: str) -> UsageError:
    refused = CodeNotInstalled if attempt.arm.code else UsageError
    return refused(f"{attempt.arm.name} {attempt.means} ({why}): {attempt.fix}")


def trial_environment(arm: Arm, work: Path, port: int, passed: Iterable[str]) -> dict[str, str]:
    """The variables of a process that tries an arm in `work`; nobody serves a broker there."""
    spec = work / "cell.json"
    spec.write_text(
        json.dumps(Cell(0, "try", "-", arm, 0, 1, 0).spec().as_json()), encoding="utf-8"
    )
    who = f"bench:{secrets.token_hex(8)}@127.0.0.1:{port}"
    ours = {
        "PYTHONPATH": str(task_code(work, arm.adapter)),
        cell_context.CELL: str(spec),
        cell_context.BROKER: KINDS[arm.broker].url.format(who=who, folder=work),
    }
    return built(ours, passed)


def refuse_other(folder: Path, stored: Mapping[str, ArmRecord], arms: Sequence[Arm]) -> None:
    """UsageError unless every environment is the one that the run was begun with."""
    for arm in arms:
        before = stored[arm.name].environment
        if before is None or before.digest == arm.environment.digest:
            continue
        was, now = (
            {(p.name, p.version) for p in packages}
            for packages in (before.packages, arm.environment.packages)
        )
        differ = (
            sorted({name for name, _ in was ^ now})
            or sorted({c.name for c in arm.environment.checkouts})
            or ["Python, or a file of the same version,"]
        )
        raise UsageError(
            f"{folder} was begun with another environment of {arm.name} "
            f"({', '.join(differ)} differ): begin a new run"
        )


def unlike(arms: Sequence[Arm]) -> list[str]:
    """The warnings about arms in unlike environments.

    An arm in an environment of its own is measured beside one of its system that runs in bench's,
    with all that is installed there.
    """
    warnings = []
    for arm in (arm for arm in arms if not arm.asked):
        beside = [
            other.name for other in arms if other.asked and other.adapter.name == arm.adapter.name
        ]
        extra = sorted(installed().keys() - {name for name, _ in code_of(arm)})
        if beside and extra:
            main = packages_of(arm)[0]
            warnings.append(
                f"{arm.name} runs where {shortened(extra)} are installed too, "
                f"{', '.join(beside)} does not: "
                f"write [{main}=={installed([main])[main]}] to have both alike"
            )
    return warnings
