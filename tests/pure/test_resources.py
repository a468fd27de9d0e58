"""What the sampler reads is what the kernel says."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from bench.testbed import sampler

SPIN = "import time\nuntil = time.monotonic() + 20\nwhile time.monotonic() < until: pass"


def test_busy_is_counted_on_the_cores_that_are_ours_alone() -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core: there is no other one to be busy")
    mine, other = cores[:2]
    hog = subprocess.Popen(["taskset", "-c", str(other), sys.executable, "-c", SPIN])
    try:
        before, stood = sampler.machine_busy_s({mine}), _busy_s(mine)
        everybody = sampler.machine_busy_s(cores)
        time.sleep(1.0)
        assert sampler.machine_busy_s({mine}) - before == pytest.approx(
            _busy_s(mine) - stood, abs=0.05
        )
        assert (
            sampler.machine_busy_s(cores) - everybody
            > sampler.machine_busy_s({mine}) - before + 0.3
        )
    finally:
        hog.kill()
        hog.wait()


def _busy_s(core: int) -> float:
    """Seconds for which a core was busy, as psutil counts them."""
    told = psutil.cpu_times(percpu=True)[core]
    return told.user + told.nice + told.system + told.irq + told.softirq + told.steal


def test_cores_that_the_kernel_does_not_number_are_all_counted() -> None:
    # lxcfs numbers the cores of a container anew.
    assert sampler.machine_busy_s({4000}) == pytest.approx(
        sampler.machine_busy_s(range(os.cpu_count() or 1)), abs=0.1
    )
