"""A system that keeps none of its promises: RQ's real workers, used so that what is claimed is not so."""
