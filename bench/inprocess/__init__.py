"""What runs inside measured processes. Standard library only: RQ forks for each task, so
every import is paid 100,000 times.
"""
