"""RQ hands no results on: a task asks for those of the jobs that it depended on."""

from typing import Any

from rq import get_current_job

from bench.inprocess.trials import tasks


def before() -> list[Any]:
    """The results of the jobs before this one."""
    job = get_current_job()
    assert job is not None
    return [dependency.return_value() for dependency in job.fetch_dependencies()]


def step(number: int) -> int:
    """One more than the only one before."""
    return tasks.step(sum(before()), number)


def total() -> int:
    """The sum of the results of all jobs before this one."""
    return tasks.total(before())


def handler(job: object, connection: object, kind: object, value: object, trace: object) -> None:
    """The callback that `on_failure` calls."""
    tasks.touch("handler")
