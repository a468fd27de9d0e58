"""What comes after a measurement: showing and writing what it came to, which must not hide it."""

import sys
from collections.abc import Callable

from bench.base.errors import BenchError, one_line, worst
from bench.base.streams import OutputLost


def in_spite(code: int, *steps: Callable[[], object]) -> int:
    """Carry out each step, whatever became of those before; say why one cannot be, and return the
    worst of `code` and theirs."""
    for step in steps:
        try:
            try:
                step()
            except BenchError as error:
                code = worst(code, error.exit_code)
                print(f"bench: {one_line(error)}", file=sys.stderr)
        except OutputLost as lost:
            code = worst(code, lost.exit_code)
    return code
