"""A background load of a few per cent, a minute on and a minute off.

Half of an A/A recording was made beside it.

`python -m tests.changed.background WAIT_S SECONDS`
"""

import sys
import time

BUSY_S, MINUTE_S = 0.08, 60.0  # of each second: 4 % of two cores, below what makes a cell invalid


def load(wait_s: float, seconds: float) -> None:
    """After the wait, busy for 80 ms of each second in every other minute; ends by itself."""
    time.sleep(wait_s)
    began = time.monotonic()
    while (spent := time.monotonic() - began) < seconds:
        if int(spent / MINUTE_S) % 2 == 0:
            until = time.monotonic() + BUSY_S
            while time.monotonic() < until:
                pass
            time.sleep(1.0 - BUSY_S)
        else:
            time.sleep(1.0)


if __name__ == "__main__":
    load(float(sys.argv[1]), float(sys.argv[2]))
