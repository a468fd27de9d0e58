"""Where a process runs and which clock it reads: the one place that knows pids and signals."""
