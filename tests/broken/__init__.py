"""A system that keeps no promise: RQ's real workers, used so that what is claimed is not so."""
