"""Orders of a far keeper about processes: start, signal, end, and what they use. Standard library
only."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from bench.hosts import cgroup, keeper
from bench.hosts.process import ProcessTable, machine_busy_s, memory
from bench.hosts.sent.far_answers import Given, Refused

GONE_S = 5.0


class Processes:
    """What runs on this host for a cell, all of it below the keeper.

    `inside` gives a path back that is ours and refuses any other; `ended` is told of each child.
    """

    def __init__(self, inside: Callable[[str], str], ended: Callable[[int, int], None]) -> None:
        self._inside, self._ended = inside, ended
        # A forgotten Popen would poll for its child behind our back.
        self._started: dict[int, subprocess.Popen[bytes]] = {}
        self._halts = cgroup.Halts()

    def do_spawn(
        self, argv: list[str], env: dict[str, str], cwd: str, log: str, stdin: str, payload: bytes
    ) -> Given:
        """Start one in a session of its own."""
        with open(self._inside(log), "ab") as output:
            process = subprocess.Popen(
                argv,
                env=env,
                cwd=cwd,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if process.stdin:
            process.stdin.write(os.fsencode(stdin))
            process.stdin.close()
        self._started[process.pid] = process
        return {"pid": process.pid}

    def do_signal(self, pid: int, sent: int, payload: bytes) -> Given:
        """Send a signal: whether the process was there, and when that was done."""
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return {"there": False, "stamp_ns": time.monotonic_ns()}
        return {"there": True, "stamp_ns": time.monotonic_ns()}

    def do_tree(self, pids: list[int], payload: bytes) -> Given:
        """These and all below them that live."""
        return {"pids": ProcessTable().below(pids)}

    def do_kill(self, pids: list[int], freeze: bool, payload: bytes) -> Given:
        """SIGKILL of these and all below; `freeze` stops the tree first, so that nobody sees half
        of it die. The stamp is right after the first signal."""
        first = signal.SIGSTOP if freeze else signal.SIGKILL
        stamp_ns, hit = 0, dict[int, None]()
        while fresh := [pid for pid in ProcessTable().below(pids) if pid not in hit]:
            for pid in fresh:
                with suppress(ProcessLookupError):
                    os.kill(pid, first)
                stamp_ns = stamp_ns or time.monotonic_ns()
                hit[pid] = None
        for pid in hit:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._until_gone(hit)
        return {"stamp_ns": stamp_ns or time.monotonic_ns(), "pids": sorted(hit)}

    def _until_gone(self, pids: Iterable[int]) -> None:
        deadline = time.monotonic() + GONE_S
        while left := [pid for pid in pids if _lives(pid)]:
            if time.monotonic() > deadline:
                raise Refused(f"processes {left} survived SIGKILL")
            self.reap()
            time.sleep(0.002)
        self.reap()  # the last ones had ended, and were still there for whoever looks by pid

    def do_clear(self, folder: str, payload: bytes) -> Given:
        """The end of a cell: kill all that runs here and remove its folder."""
        keeper.kill_all(self.reap)
        self._started.clear()
        shutil.rmtree(self._inside(folder), ignore_errors=True)
        return {}

    def reap(self) -> None:
        """Report every child that has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._started.pop(pid, None)
            self._ended(pid, os.waitstatus_to_exitcode(status))

    def do_sample(self, groups: Mapping[str, list[int]], payload: bytes) -> Given:
        """Memory and CPU of the trees below these, by group, and of this host as a whole."""
        stamp_ns, table = time.monotonic_ns(), ProcessTable()
        busy_s, own = machine_busy_s(os.sched_getaffinity(0)), os.times()
        found: dict[str, dict[str, float]] = {}
        for name, roots in groups.items():
            pids = table.below(roots)
            pss, uss = memory(pids)
            found[name] = {
                "pss": pss,
                "uss": uss,
                "processes": len(pids),
                "cpu_s": table.cpu_s(pids),
            }
        return {
            "stamp_ns": stamp_ns,
            "groups": found,
            "all_cpu_s": table.cpu_s(table.below([os.getpid()])),
            "keeper_cpu_s": own.user + own.system,
            "busy_s": busy_s,
            "quota_cores": self._halts.quota_cores(),
            "halted_core_s": self._halts.core_seconds(),
        }


def _lives(pid: int) -> bool:
    """Whether a process runs: a zombie has ended, whoever has not looked."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
