"""A Dask cluster on this machine, to try `--cluster` with: `python local_cluster.py [WORKERS]`.

It prints its address and lives until it is interrupted. Profiling is off: with Dask's defaults a
worker that does nothing takes 4 % of a core from what is measured, so 0.3 %.
"""

import signal
import sys

import dask
from distributed import LocalCluster

QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
}

if __name__ == "__main__":
    dask.config.set(QUIET)
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    options = {"scheduler_port": 8786, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(n_workers=workers, **options) as cluster:
        print(cluster.scheduler_address, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
