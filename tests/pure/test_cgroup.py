"""What the cgroup gives, read from real cgroups and from layouts of other machines."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.hosts import cgroup
from tests.cgroups import memory, python_inside, quota

MIB = 1 << 20
TOLD = """
import json
from bench.hosts import cgroup
found = cgroup.limits()
levels = [str(each) for each in cgroup.levels("cpu")]
print(json.dumps([found.cpu_cores, found.memory_bytes, levels]))
"""
HALTED = """
import json, time
from bench.hosts import cgroup
halts = cgroup.Halts()
before, until, last, stood = halts.core_seconds(), time.monotonic() + 1, time.monotonic(), 0.0
while last < until:
    now = time.monotonic()
    stood += now - last if now - last > 0.02 else 0
    last = now
print(json.dumps([halts.core_seconds() - before, stood, halts.quota_cores()]))
"""
# The mounts of before are kept: they begin above the root that the process sees.
NAMESPACE = ("unshare", "--cgroup")


def needs(*command: str) -> None:
    if (
        shutil.which(command[0]) is None
        or subprocess.run([*command, "true"], capture_output=True).returncode
    ):
        pytest.skip(f"{' '.join(command)} is not allowed here")


def test_a_real_quota_is_seen_from_inside() -> None:
    with quota(0.6) as folder:
        cores, _, levels = json.loads(python_inside(folder, TOLD))
    assert cores == 0.6 and levels[0] == str(folder)


def test_the_smallest_quota_on_the_way_up_counts() -> None:
    with quota(0.7, inner="pod") as folder:
        cores, _, levels = json.loads(python_inside(folder, TOLD))
    assert cores == 0.7 and levels[:2] == [str(folder), str(folder.parent)]


def test_a_quota_is_seen_in_a_namespace_that_hides_its_name() -> None:
    needs(*NAMESPACE)
    with quota(0.6) as folder:
        cores, _, levels = json.loads(python_inside(folder, TOLD, *NAMESPACE))
    assert cores == 0.6 and levels[0] == str(folder)


def test_a_quota_is_seen_where_only_our_part_is_mounted() -> None:
    needs("unshare", "--mount")
    with quota(0.6) as folder:
        # As in a container: the hierarchy's place shows our cgroup alone.
        hide = (
            "unshare",
            "--mount",
            "sh",
            "-c",
            f'mount --bind {folder} {folder.parent} && exec "$@"',
            "sh",
        )
        cores, _, levels = json.loads(python_inside(folder, TOLD, *hide))
    assert cores == 0.6 and levels == [str(folder.parent)]


def test_a_real_memory_limit_is_seen_from_inside() -> None:
    with memory(256 * MIB) as folder:
        assert json.loads(python_inside(folder, TOLD))[1] == 256 * MIB


def test_halts_are_those_that_a_process_feels() -> None:
    # So small that it halts however busy the machine is; that may hold a process up beside it.
    with quota(0.1) as folder:
        told, stood, cores = json.loads(python_inside(folder, HALTED))
    assert cores == 0.1 and 0.3 < told < stood + 0.2


def test_halts_by_a_quota_above_ours_are_counted() -> None:
    with quota(0.1, inner="pod") as folder:
        told, stood, _ = json.loads(python_inside(folder, HALTED))
    assert 0.3 < told < stood + 0.2


def machine(folder: Path, cgroups: str, mountinfo: str, files: dict[str, str]) -> Path:
    """The files of another machine."""
    about = {"proc/self/cgroup": cgroups, "proc/self/mountinfo": mountinfo}
    for name, text in (about | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = """31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
33 31 0:30 {root} /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:14 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 {root} /sys/fs/cgroup/memory ro,nosuid master:16 - cgroup cgroup rw,memory
36 31 0:33 {root} /sys/fs/cgroup/systemd ro - cgroup systemd rw,xattr,name=systemd
"""
NONE = "9223372036854771712\n"


def test_v2_in_a_container_is_its_root(tmp_path: Path) -> None:
    files = {"cpu.max": "150000 100000\n", "memory.max": f"{512 * MIB}\n"}
    at_root = {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    here = machine(tmp_path, "0::/\n", V2, at_root)
    assert cgroup.limits(here) == cgroup.Limits(1.5, 512 * MIB)


def test_v2_below_a_slice_that_is_smaller(tmp_path: Path) -> None:
    own = "sys/fs/cgroup/user.slice/user-1000.slice/run-1.scope"
    files = {
        "sys/fs/cgroup/cpu.stat": "usage_usec 9\n",
        "sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
        "sys/fs/cgroup/user.slice/user-1000.slice/cpu.max": "200000 100000\n",
        "sys/fs/cgroup/user.slice/user-1000.slice/memory.max": "1073741824\n",
        "sys/fs/cgroup/user.slice/user-1000.slice/cpu.stat": (
            "nr_throttled 2\nthrottled_usec 250000\n"
        ),
        f"{own}/cpu.max": "350000 50000\n",
        f"{own}/memory.max": "max\n",
        f"{own}/cpu.stat": "usage_usec 5\nnr_throttled 4\nthrottled_usec 500000\n",
    }
    here = machine(tmp_path, "0::/user.slice/user-1000.slice/run-1.scope\n", V2, files)
    assert cgroup.limits(here) == cgroup.Limits(2.0, 1 << 30)
    assert cgroup.Halts(here).core_seconds() == 0.75
    (here / own / "cpu.stat.local").write_text("throttled_usec 625000\n")
    assert cgroup.Halts(here).core_seconds() == 0.625


def test_v1_of_docker_mounts_the_container_alone(tmp_path: Path) -> None:
    # Without a cgroup namespace the path is the host's, and so is the root of the mount.
    cgroups = (
        "12:memory:/docker/4f\n5:cpu,cpuacct:/docker/4f\n1:name=systemd:/docker/4f\n0::/docker/4f\n"
    )
    files = {
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "60000\n",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/cpu,cpuacct/cpu.stat": "nr_periods 9\nthrottled_time 2500000000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": NONE,
        "sys/fs/cgroup/memory/memory.stat": f"cache 1\nhierarchical_memory_limit {64 * MIB}\n",
    }
    here = machine(tmp_path, cgroups, V1.format(root="/docker/4f"), files)
    assert cgroup.limits(here) == cgroup.Limits(0.6, 64 * MIB)
    assert cgroup.Halts(here).core_seconds() == 2.5 and cgroup.Halts(here).quota_cores() == 0.6


def test_v1_and_v2_side_by_side_each_have_their_controllers(tmp_path: Path) -> None:
    # systemd's hybrid: the CPU by v1, memory left to v2.
    mountinfo = V1.format(root="/").replace("memory", "freezer") + V2.replace(
        "/sys/fs/cgroup", "/sys/fs/cgroup/unified"
    )
    files = {
        "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/unified/job/memory.max": f"{MIB}\n",
        "sys/fs/cgroup/unified/job/cpu.max": "1000 100000\n",
    }
    here = machine(tmp_path, "5:cpu,cpuacct:/job\n0::/job\n", mountinfo, files)
    assert cgroup.limits(here) == cgroup.Limits(None, MIB)


@pytest.mark.parametrize(
    ("path", "root"), [("/", "/.."), ("/other", "/docker/4f"), ("/../job", "/")]
)
def test_where_the_names_do_not_tell_our_pid_does(tmp_path: Path, path: str, root: str) -> None:
    files = {
        "sys/fs/cgroup/a/cgroup.procs": "1\n",
        "sys/fs/cgroup/job/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/job/own/cgroup.procs": f"1\n{os.getpid()}\n",
    }
    here = machine(tmp_path, f"0::{path}\n", V2.replace(" / ", f" {root} ", 1), files)
    assert cgroup.levels("cpu", here)[0] == here / "sys/fs/cgroup/job/own"
    assert cgroup.limits(here).cpu_cores == 0.5


def test_a_mount_point_with_a_space_in_its_name(tmp_path: Path) -> None:
    here = machine(
        tmp_path,
        "0::/\n",
        V2.replace("/sys/fs/cgroup", r"/my\040cgroups"),
        {"my cgroups/cpu.max": "100000 100000\n"},
    )
    assert cgroup.limits(here).cpu_cores == 1.0


@pytest.mark.parametrize("cpu_max", ["", "max 100000\n", "100000 0\n", "half\n"])
def test_what_is_no_quota_is_none(tmp_path: Path, cpu_max: str) -> None:
    here = machine(tmp_path, "0::/\n", V2, {"sys/fs/cgroup/cpu.max": cpu_max})
    assert cgroup.limits(here) == cgroup.Limits(None, None)
    assert cgroup.Halts(here).core_seconds() is None


@pytest.mark.parametrize("mountinfo", ["", "nonsense\n", "1 2 3:4 / /proc rw - proc proc rw\n"])
def test_without_any_cgroup_there_is_no_limit(tmp_path: Path, mountinfo: str) -> None:
    assert cgroup.limits(machine(tmp_path, "0::/\n", mountinfo, {})) == cgroup.Limits(None, None)
    assert cgroup.limits(tmp_path / "nothing") == cgroup.Limits(None, None)
