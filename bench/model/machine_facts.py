"""What is stored of a machine, and what follows from it."""

from collections.abc import Mapping
from typing import Any

# What makes two machines one.
SAME = ("cpu", "cores", "cpu_quota_cores", "memory_bytes", "memory_limit_bytes", "kernel")


def usable_cores(machine: Mapping[str, Any]) -> float:
    """How many cores' worth of computing a stored machine gives."""
    quota = machine.get("cpu_quota_cores")
    cores: float = machine["cores"]
    return cores if quota is None else min(cores, quota)


def given(machine: Mapping[str, Any]) -> str:
    """Cores and memory in words, with what the cgroup leaves of them."""
    quota, limit = machine.get("cpu_quota_cores"), machine.get("memory_limit_bytes")
    cores = cores_in_words(machine["cores"]) + (
        "" if quota is None else f" with a quota of {quota:g}"
    )
    memory = f"{size_in_words(machine['memory_bytes'])} of memory"
    return f"{cores}, {memory}" + (
        "" if limit is None else f" with a limit of {size_in_words(limit)}"
    )


def cores_in_words(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"


def size_in_words(count: int) -> str:
    return f"{count / (1 << 30):.3g} GiB" if count >= 1 << 30 else f"{count >> 20} MiB"
