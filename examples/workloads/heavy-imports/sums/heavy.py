"""The same sums with pandas: importing it costs more than a thousand of them."""

import pandas as pd


def totals(amounts: list[float]) -> dict[str, float]:
    """How many, how much in all, and the mean."""
    series = pd.Series(amounts)
    return {"count": len(series), "sum": float(series.sum()), "mean": float(series.mean())}
