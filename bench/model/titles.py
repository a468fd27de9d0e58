"""How the systems write themselves."""

# In the order of the published comparison that reports stand beside.
TITLES = {"celery": "Celery", "rq": "RQ", "huey": "Huey"}


def title(system: str) -> str:
    """How a system writes itself, as far as we know."""
    return TITLES.get(system, system)
