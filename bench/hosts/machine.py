"""The machine a figure comes from, and what on it would disturb a measurement."""

import math
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from bench.base.distributions import beyond_install, shortened
from bench.base.environ import built
from bench.base.output import nearest
from bench.hosts import cgroup
from bench.model.machine_facts import cores_in_words, size_in_words
from bench.model.manifest import MachineRecord

ENOUGH_CORES = 4
# Load per core: one busy program on four cores is enough to move a P99.
QUIET_LOAD = 0.25
# A few pages are swapped out on any machine that has been up for long.
NOTABLE_SWAP_BYTES = 16 << 20
# The share of CPU time that the hypervisor gave to others since boot.
NOTABLE_STEAL = 0.005
# A full run with all its cells, and a Redis that rewrites its append-only file, stay well below.
ENOUGH_DISK_BYTES = 2 << 30
# The largest cells of a full run: 100,000 tasks in the broker, as many workers as cores, and bench.
ENOUGH_MEMORY_BYTES = 2 << 30


def describe() -> MachineRecord:
    """What the report says about this machine; no host name, no user, no path."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    allowed = cgroup.limits()
    return MachineRecord(
        cpu=cpu_model(_read("/proc/cpuinfo")),
        cores=len(os.sched_getaffinity(0)),
        cores_online=os.cpu_count() or 1,
        cpu_quota_cores=allowed.cpu_cores,
        governor=_governor(),
        memory_bytes=int(memory.total),
        memory_limit_bytes=allowed.memory_bytes,
        swap_bytes=int(swap.total),
        swap_used_bytes=int(swap.used),
        kernel=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        distribution=_distribution(),
        python=platform.python_version(),
        virtual=_virtual(),
        container=_detect("--container"),
        steal_share=steal_share(psutil.cpu_times()._asdict()),
        load_1min=round(os.getloadavg()[0], 2),
        boot_id=_read("/proc/sys/kernel/random/boot_id").strip(),
        packages_beyond=tuple(beyond_install()),
    )


def slots() -> int:
    """How many workers there are unless told: the cores that bench may use, by mask and quota."""
    cores, quota = len(os.sched_getaffinity(0)), cgroup.limits().cpu_cores
    return cores if quota is None else max(1, min(cores, int(quota)))


def disturbances(
    machine: MachineRecord | None = None, results: Path = Path("results")
) -> list[str]:
    """What would disturb a measurement on this machine, each with what to do about it."""
    machine = describe() if machine is None else machine
    possible = (
        *_of_the_cpu(machine),
        *_of_the_memory(machine),
        *_of_the_disk(results),
        *_of_the_packages(machine.packages_beyond),
    )
    return [warning for disturbs, warning in possible if disturbs]


def _of_the_cpu(machine: MachineRecord) -> list[tuple[bool, str]]:
    cores, words = machine.cores, cores_in_words(machine.cores)
    quota = math.inf if machine.cpu_quota_cores is None else machine.cpu_quota_cores
    return [
        (
            machine.load_1min > QUIET_LOAD * cores,
            f"the load average is {machine.load_1min:.2f} on {words}: "
            "end other programs (`top` shows them), then wait a minute for it to come down",
        ),
        (
            cores < ENOUGH_CORES,
            f"only {words}, which load generator, broker and workers share: "
            f"compare arms of this machine only, or measure on {ENOUGH_CORES} cores or more",
        ),
        (
            quota < cores,
            f"a quota halts this container when it takes more than {quota:g} of {words}, "
            "and what was halted is invalid: give it --cpuset-cpus instead of a CPU limit",
        ),
        (
            machine.governor not in ("", "performance"),
            f"the frequency governor is {machine.governor}: "
            "`sudo cpupower frequency-set -g performance` (apt install linux-cpupower)",
        ),
        (
            bool(machine.virtual),
            f"a virtual machine ({machine.virtual}) shares its cores with others: "
            "use --blocks 5 to see how far the figures scatter, or bare metal",
        ),
        (
            machine.steal_share > NOTABLE_STEAL,
            f"the hypervisor has kept back {machine.steal_share:.1%} of the CPU time "
            "since boot: take a machine with cores of its own",
        ),
    ]


def _of_the_memory(machine: MachineRecord) -> list[tuple[bool, str]]:
    used = machine.swap_used_bytes
    limit = sys.maxsize if machine.memory_limit_bytes is None else machine.memory_limit_bytes
    return [
        (
            used >= NOTABLE_SWAP_BYTES,
            f"{used >> 20} MiB are swapped out, and what is swapped out is missing from PSS: "
            "close programs, then `sudo swapoff -a && sudo swapon -a`",
        ),
        (
            limit < ENOUGH_MEMORY_BYTES,
            f"the cgroup's memory limit is {size_in_words(limit)}, "
            "and what goes beyond it is killed: "
            f"raise it to {size_in_words(ENOUGH_MEMORY_BYTES)}, or give --size quick",
        ),
    ]


def _of_the_packages(beyond: Sequence[str]) -> list[tuple[bool, str]]:
    return [
        (
            bool(beyond),
            f"`make install` does not bring {shortened(beyond)}, and a library imports what it "
            "finds (Huey psycopg, 9 MB): measure in a fresh environment",
        )
    ]


def _of_the_disk(results: Path) -> list[tuple[bool, str]]:
    folders = {
        "the results folder": results,
        "the folder for temporary files": Path(tempfile.gettempdir()),
    }
    return [
        (
            (free := disk_free(folder)) < ENOUGH_DISK_BYTES,
            f"{what} ({folder}) has {free >> 20} MiB left: "
            f"free {ENOUGH_DISK_BYTES >> 30} GiB, or name another one",
        )
        for what, folder in folders.items()
    ]


def disk_free(folder: Path) -> int:
    """Bytes free where this folder is or would be made."""
    return shutil.disk_usage(nearest(folder)).free


def cpu_model(cpuinfo: str) -> str:
    """The model in /proc/cpuinfo; ARM kernels name none, so there the architecture has to do."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines}
    return (
        fields.get("model name")
        or fields.get("Model")
        or fields.get("Hardware")
        or platform.machine()
    )


def steal_share(times: Mapping[str, float]) -> float:
    """The part of all CPU time since boot that the hypervisor gave to others."""
    # guest and guest_nice are in user and nice already
    total = sum(seconds for name, seconds in times.items() if not name.startswith("guest"))
    return round(times.get("steal", 0.0) / total, 5) if total else 0.0


def _virtual() -> str:
    """The hypervisor below us, "unknown" if only the CPU tells of one, "" on bare metal."""
    named = _detect("--vm") or _read("/sys/hypervisor/type").strip()
    told = re.search(r"^flags.*\bhypervisor\b", _read("/proc/cpuinfo"), re.MULTILINE)
    return named or ("unknown" if told else "")


def _detect(kind: str) -> str:
    """What systemd-detect-virt says; "" if it is not there or finds nothing."""
    try:
        # Its exit code is 1 for "none".
        argv = ["systemd-detect-virt", kind]
        done = subprocess.run(argv, env=built(), capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    answer = done.stdout.decode(errors="replace").strip()
    return "" if answer == "none" else answer


def _governor() -> str:
    """The frequency governors in use; "" where the kernel offers none, as in most guests."""
    files = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return ", ".join(sorted({name for file in files if (name := _read(str(file)).strip())}))


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace", encoding="utf-8")
    except OSError:
        return ""
