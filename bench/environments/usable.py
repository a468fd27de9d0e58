"""Each arm is tried where it will run, before anything is measured.

Its system is imported there, and its worker asked whether it takes what the arm tells it.
"""

import json
import platform
import re
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.base import Tries
from bench.base.environ import built
from bench.base.errors import CellFailed, UsageError
from bench.environments.cache import fit
from bench.hosts.local import Host, last_lines
from bench.hosts.process import ManagedProcess
from bench.hosts.task_code import task_code
from bench.inprocess import cell_context
from bench.model.arm import Arm
from bench.model.broker import KINDS
from bench.model.cell import Cell

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
        arm = self.arm
        folder = str(arm.environment.folder)
        tried = [folder, arm.adapter.app, arm.broker, arm.settings, self.argv]
        return json.dumps(tried, sort_keys=True, default=str)


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
    means = f"cannot be used with Python {platform.python_version()}"
    fix = "name other versions" if arm.requirements else "`bench doctor` says what to install"
    yield Attempt(arm, (find("python"), "-m", "bench.inprocess.import_trial"), means, fix)
    for command in arm.adapter.commands(arm.launch(1)):
        find(command.argv[0])  # UsageError where these versions bring no such program
    if isinstance(arm.adapter, Tries):
        for command in arm.adapter.tries(arm.launch(1)):
            argv = (find(command.argv[0]), *command.argv[1:])
            means, fix = "has a worker that cannot be started", "name another version or profile"
            yield Attempt(arm, argv, means, fix)


def _carry_out(attempts: Sequence[Attempt], passed: tuple[str, ...]) -> None:
    fit(Path(tempfile.gettempdir()), "set TMPDIR to another folder")
    with Host(Path(tempfile.mkdtemp(prefix="queue-bench-try-"))) as host, _nobody() as port:
        begun = []
        for number, attempt in enumerate(attempts):
            work = host.work / str(number)
            work.mkdir()
            log = work / "said.log"
            env = _env(attempt.arm, work, port, passed) | {"TMPDIR": str(host.temporary)}
            begun.append((attempt, _spawned(host, attempt, log, env)))
        deadline = time.monotonic() + TRY_S
        for attempt, process in begun:
            ended = process.wait(max(0.0, deadline - time.monotonic()))
            if not ended or process.exit_status() not in (0, -signal.SIGALRM):
                why = _reason(process.log) if ended else f"no end after {TRY_S:.0f} s"
                raise _refused(attempt, why)


def _spawned(host: Host, attempt: Attempt, log: Path, env: Mapping[str, str]) -> ManagedProcess:
    try:
        return host.spawn(attempt.argv, log, env)
    except CellFailed as failed:
        raise _refused(attempt, str(failed)) from None


def _refused(attempt: Attempt, why: str) -> UsageError:
    return UsageError(f"{attempt.arm.name} {attempt.means} ({why}): {attempt.fix}")


def _reason(log: Path) -> str:
    """The last line of what was said, without the file that Python names in it."""
    return re.sub(r" \(/[^)]*\)", "", last_lines(log, 1))[:300]


def _env(arm: Arm, work: Path, port: int, passed: Iterable[str]) -> dict[str, str]:
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


@contextmanager
def _nobody() -> Iterator[int]:
    """A port at which nobody answers for as long as the context lasts."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
