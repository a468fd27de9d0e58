"""A workload file: what arrives, what a task does, and what is good enough. Pure: nothing runs."""
