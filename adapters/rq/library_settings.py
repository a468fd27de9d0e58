"""The settings that RQ reads: it is asked, so that no list of ours grows old."""

import inspect
import re
from functools import cache


@cache
def call_options() -> frozenset[str]:
    """What `Queue.enqueue` takes out of its keywords, such as result_ttl.

    Its signature does not tell.
    """
    from rq import Queue

    return frozenset(re.findall(r"kwargs\.pop\([\"'](\w+)", inspect.getsource(Queue.parse_args)))


@cache
def worker_options() -> tuple[tuple[str, ...], ...]:
    """The spellings of each option of `rq worker`."""
    from rq.cli.workers import worker

    return tuple((*each.opts, *each.secondary_opts) for each in worker.params)
