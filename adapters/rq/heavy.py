"""A task module as many users have it: it imports more than its task needs.

RQ's default worker pays for that in every fork.
"""

from time import monotonic_ns

_began = monotonic_ns()

import celery  # noqa: E402, F401
import huey  # noqa: E402, F401

from bench.inprocess import body  # noqa: E402


def run(task, work=""):  # type: ignore[no-untyped-def]  # as in app.py
    """The task that every cell enqueues; returns its id."""
    return body.run(task, work)


body.imported_in((monotonic_ns() - _began) // 1000)
