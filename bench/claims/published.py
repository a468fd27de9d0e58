"""The published comparison that every report stands beside, as data: its table 3.2, values as published."""

from dataclasses import dataclass

SOURCE = (
    "Table 3.2, “100,000-task test”, of the comparison that is quoted most in Chinese-language articles on integrating Celery. "
    "No hardware, versions, settings or method are given with it."
)


@dataclass(frozen=True)
class Claim:
    """One published value: as it was printed, and as a number in the unit of our measure (None if it is none)."""

    text: str
    value: float | None


TABLE: dict[str, dict[str, Claim]] = {
    "throughput": {
        "celery": Claim("8,500 tasks/s", 8500),
        "rq": Claim("3,200 tasks/s", 3200),
        "huey": Claim("1,500 tasks/s", 1500),
    },
    "memory": {
        "celery": Claim("2.8 GB", 2.8e9),
        "rq": Claim("1.2 GB", 1.2e9),
        "huey": Claim("0.8 GB", 0.8e9),
    },
    "p99": {
        "celery": Claim("230 ms", 230),
        "rq": Claim("580 ms", 580),
        "huey": Claim("1.2 s", 1200),
    },
    "recovery": {
        "celery": Claim("8 s", 8),
        "rq": Claim("15 s", 15),
        "huey": Claim("manual intervention", None),
    },
}


def claim(item: str, system: str) -> Claim | None:
    """What was published for this item of the headline, or None."""
    return TABLE.get(item, {}).get(system)
