"""The machine is described truly, and each disturbance comes with what to do about it."""

import json
import os
import platform
from pathlib import Path
from typing import Any

import pytest

from bench.base.distributions import beyond_install
from bench.hosts import machine
from bench.model import machine_facts
from tests.cgroups import memory, python_inside, quota
from tests.fixture_run import MACHINE

QUIET = MACHINE.model_copy(update={"cores": 8, "governor": "performance", "virtual": ""})


def test_describe_agrees_with_the_kernel() -> None:
    told = machine.describe()
    assert told.cores == len(os.sched_getaffinity(0))
    assert (
        told.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    )
    assert f"MemTotal: {told.memory_bytes // 1024} kB" in " ".join(
        Path("/proc/meminfo").read_text(encoding="utf-8").split()
    )
    assert told.python == platform.python_version()


def test_describe_names_no_host_and_goes_into_json() -> None:
    text = json.dumps(machine.describe().as_json())
    assert platform.node() not in json.loads(text).values()
    assert "node" not in text and "host" not in text


def test_a_quiet_machine_has_no_disturbance(tmp_path: Path) -> None:
    assert machine.disturbances(QUIET, tmp_path) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"load_1min": 2.1}, "load average is 2.10 on 8 cores"),
        ({"cores": 2}, "only 2 cores"),
        ({"cores": 1}, "only 1 core,"),
        ({"cpu_quota_cores": 1.5}, "1.5 of 8 cores"),
        ({"governor": "powersave"}, "powersave"),
        ({"virtual": "kvm"}, "(kvm)"),
        ({"steal_share": 0.02}, "2.0%"),
        ({"swap_used_bytes": 64 << 20}, "64 MiB"),
        ({"memory_limit_bytes": 512 << 20}, "limit is 512 MiB"),
    ],
)
def test_each_disturbance_is_told_alone_and_with_a_remedy(
    change: dict[str, Any], word: str, tmp_path: Path
) -> None:
    (line,) = machine.disturbances(QUIET.model_copy(update=change), tmp_path)
    assert word in line
    what, _, remedy = line.partition(": ")
    assert what and remedy


def test_little_disk_is_told_for_the_folder_that_is_yet_to_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "not" / "yet"
    assert machine.disk_free(folder) == machine.disk_free(tmp_path)
    monkeypatch.setattr(machine, "ENOUGH_DISK_BYTES", machine.disk_free(tmp_path) * 2)
    assert any(str(folder) in line for line in machine.disturbances(QUIET, folder))


def test_cpu_model_reads_x86_and_arm() -> None:
    assert (
        machine.cpu_model("processor\t: 0\nmodel name\t: AMD EPYC 7763\nflags\t\t: fpu\n")
        == "AMD EPYC 7763"
    )
    assert (
        machine.cpu_model("processor\t: 0\nBogoMIPS\t: 108.00\nModel\t\t: Raspberry Pi 4\n")
        == "Raspberry Pi 4"
    )
    assert machine.cpu_model("") == platform.machine()


GIVEN = """
import json
from bench.hosts import machine
from bench.model.systems import load_adapters
from bench.check.check_options import workers_for_a_gate
from bench.run.plan import make_plan
told = machine.describe()
plan = make_plan(["burst"], ["floor"], [], load_adapters())
print(json.dumps([told.cores, told.cpu_quota_cores, plan.workers, workers_for_a_gate()]))
"""


@pytest.mark.parametrize(("cores", "workers"), [(1.5, 1), (1000, None)])
def test_a_real_quota_is_described_and_decides_how_many_workers(
    cores: float, workers: int | None
) -> None:
    mask = len(os.sched_getaffinity(0))
    if workers is not None and mask < 2:
        pytest.skip("one core: the quota decides nothing more")
    with quota(cores) as folder:
        told = json.loads(python_inside(folder, GIVEN))
    assert told == [mask, cores, workers or mask, max(1, (workers or mask) - 1)]


def test_a_real_memory_limit_is_described_and_told_by_the_doctor(tmp_path: Path) -> None:
    code = (
        "from bench.run.diagnosis import check; "
        "print(*(f'{f.what}: {f.detail}' for f in check()), sep=chr(10))"
    )
    with memory(600 << 20) as folder:
        said = python_inside(folder, code)
    assert "of memory with a limit of 600 MiB" in said
    assert "measuring: the cgroup's memory limit is 600 MiB" in said


def test_what_is_given_is_said_in_words() -> None:
    whole = QUIET.model_copy(update={"memory_bytes": 16 << 30})
    assert machine_facts.given(whole) == "8 cores, 16 GiB of memory"
    limits = {"cpu_quota_cores": 1.5, "memory_limit_bytes": 3 << 29}
    limited = whole.model_copy(update=limits)
    assert (
        machine_facts.given(limited)
        == "8 cores with a quota of 1.5, 16 GiB of memory with a limit of 1.5 GiB"
    )
    assert machine_facts.usable_cores(whole) == 8 and machine_facts.usable_cores(limited) == 1.5


def test_steal_is_a_share_of_all_time_with_guests_counted_once() -> None:
    assert machine.steal_share({"user": 60.0, "idle": 30.0, "steal": 10.0, "guest": 50.0}) == 0.1
    assert machine.steal_share({"user": 1.0, "idle": 1.0}) == 0.0


def test_what_is_installed_beyond_the_project_is_named(tmp_path: Path) -> None:
    beyond = beyond_install()
    assert "pytest" in beyond and not {"celery", "redis", "kombu", "packaging", "numpy"} & set(
        beyond
    )
    assert beyond_install("no-such-project") == []
    more = QUIET.model_copy(update={"packages_beyond": ("mypy", "psycopg")})
    (line,) = machine.disturbances(more, tmp_path)
    assert "mypy, psycopg" in line and "fresh environment" in line
