"""The same sums, from a module that imports little and from one that imports much."""
