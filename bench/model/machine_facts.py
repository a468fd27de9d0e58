"""What is stored of a machine, and what follows from it."""

from bench.model.manifest import MachineRecord

# What makes two machines one.
SAME = ("cpu", "cores", "cpu_quota_cores", "memory_bytes", "memory_limit_bytes", "kernel")


def differs(one: MachineRecord, other: MachineRecord) -> str:
    """The name of the first field in which two machines differ; empty where they are one."""
    return next((name for name in SAME if getattr(one, name) != getattr(other, name)), "")


def usable_cores(machine: MachineRecord) -> float:
    """How many cores' worth of computing a stored machine gives."""
    quota = machine.cpu_quota_cores
    return machine.cores if quota is None else min(machine.cores, quota)


def given(machine: MachineRecord) -> str:
    """Cores and memory in words, with what the cgroup leaves of them."""
    quota, limit = machine.cpu_quota_cores, machine.memory_limit_bytes
    cores = cores_in_words(machine.cores) + ("" if quota is None else f" with a quota of {quota:g}")
    return f"{cores}, {size_in_words(machine.memory_bytes)} of memory" + (
        "" if limit is None else f" with a limit of {size_in_words(limit)}"
    )


def cores_in_words(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"


def size_in_words(count: int) -> str:
    return f"{count / (1 << 30):.3g} GiB" if count >= 1 << 30 else f"{count >> 20} MiB"
