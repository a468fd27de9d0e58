"""Published claims as data, and what our measurements and probes say of each."""
