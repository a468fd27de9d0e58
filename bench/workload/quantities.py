"""Numbers as a person writes them: `40`, "4 KiB", "90s", "50/s"; and the types of such fields."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

MOST_SECONDS = 86_400  # of a load
MOST = 1e15  # beyond is a slip of the finger; it also refuses inf and nan
_SIZES = {"B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}
_TIMES = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_RATES = {"/s": 1.0, "/m": 1 / 60, "/h": 1 / 3600}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(/?[A-Za-z]+)")


def number(value: object) -> float:
    """A number from 0 on; ValueError for a text, true or false, inf, nan, and what is negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    if not abs(value) <= MOST:
        # Python writes no whole number of more than 4,300 digits.
        shown = value if isinstance(value, float) else "the number"
        raise ValueError(f"{shown} is out of range")
    if value < 0:
        raise ValueError(f"{value} is negative")
    return float(value)


def whole(value: object) -> int:
    """A whole number from 0 on; ValueError for anything else."""
    if isinstance(value, float):
        raise ValueError(f"{value} is not a whole number")
    return int(number(value))


def size_bytes(value: object) -> float:
    """Bytes from "4 KiB" (1,024 each), "4 KB" (1,000 each) or a plain number of bytes."""
    return _quantity(value, _SIZES, "4 KiB")


def duration_s(value: object) -> float:
    """Seconds from "500ms", "90s", "10m", "1h" or a plain number of seconds."""
    return _quantity(value, _TIMES, "90s")


def rate_per_s(value: object) -> float:
    """Events per second from "50/s", "300/m", "1000/h" or a plain number per second."""
    return _quantity(value, _RATES, "50/s")


def _quantity(value: object, units: Mapping[str, float], example: str) -> float:
    """ValueError for a text that is no number with one of the units, and as for `number`."""
    if not isinstance(value, str):
        return number(value)
    match = _QUANTITY.fullmatch(value.strip())
    if not match or match[2] not in units:
        known = ", ".join(units)
        raise ValueError(f"{value!r} is not such a quantity: write {example!r} (units: {known})")
    return number(float(match[1]) * units[match[2]])


Number = Annotated[float, BeforeValidator(number)]
Above0 = Annotated[Number, Field(gt=0)]
Whole = Annotated[int, BeforeValidator(whole)]
Bytes = Annotated[float, BeforeValidator(size_bytes)]
Seconds = Annotated[float, BeforeValidator(duration_s), Field(gt=0, le=MOST_SECONDS)]
PerSecond = Annotated[float, BeforeValidator(rate_per_s), Field(le=1_000_000)]
