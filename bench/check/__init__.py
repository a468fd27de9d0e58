"""The gate: is head worse than base? Decided by a pure function over blocks, so that it can be judged on recorded ones."""
