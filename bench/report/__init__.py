"""The page: drawing, and nothing else."""
