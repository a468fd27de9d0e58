"""Whether an arm's system can be used in the environment that this process runs in.

`python -m bench.inprocess.import_trial`: the app is imported and makes its enqueue call ready, with
a broker that nobody serves. It ends with 0, or with the reason as the last line of its output.
"""

import os
import signal
import sys
import traceback
from importlib import import_module

from bench.inprocess import cell_context

# An app may want its broker already: what it says then is no fault of its environment.
NO_BROKER = ("ConnectionError", "OperationalError", "TimeoutError")
CONNECT_S = 5


def main() -> None:
    """Try it, and end without waiting for threads that the library may have begun."""
    try:
        app = import_module(cell_context.load()["app"])
        signal.alarm(CONNECT_S)  # its default ends us: it waits for its broker
        app.connect()
        status = 0
    except BaseException as error:
        status = 0 if any(each.__name__ in NO_BROKER for each in type(error).__mro__) else 1
        traceback.print_exc()
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
