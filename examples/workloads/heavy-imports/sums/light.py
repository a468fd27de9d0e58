"""Sums with the standard library: importing this module costs nearly nothing."""


def totals(amounts: list[float]) -> dict[str, float]:
    """How many, how much in all, and the mean."""
    return {"count": len(amounts), "sum": sum(amounts), "mean": sum(amounts) / len(amounts)}
