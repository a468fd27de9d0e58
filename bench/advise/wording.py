"""Numbers as the answers write them; `python.js` has both functions for the page's form."""

from decimal import ROUND_HALF_UP, Context


def short(value: float) -> str:
    """At most four significant digits, thousands set apart: `8,500`, `0.0625`, `12,350`."""
    return _digits(value, 4, ",f")


def plain(value: float) -> str:
    """At most six significant digits, thousands not set apart: for what was asked, as typed."""
    return _digits(value, 6, "f")


def _digits(value: float, count: int, how: str) -> str:
    """A tie goes up, as in a browser: Python's own formats go to the even digit."""
    context = Context(prec=count, rounding=ROUND_HALF_UP)
    return format(context.create_decimal_from_float(float(value)).normalize(context), how)
