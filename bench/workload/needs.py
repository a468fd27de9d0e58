"""What a workload asks of a system, and whether it has it."""

from dataclasses import replace

from adapters.base import Launch, Needs, Route, TakesWorkloads
from bench.model.arm import Arm
from bench.workload.workload_form import Workload

NORMAL = "normal"


def needs_of(workload: Workload) -> Needs:
    """What its task types name beside their work."""
    types = workload.task
    return Needs(
        queues=tuple(dict.fromkeys(task.queue for task in types if task.queue)),
        priorities=tuple(dict.fromkeys(task.priority for task in types if task.priority)),
        retries=max(task.retries for task in types),
        limits=tuple(task.limit_s for task in types if task.limit_s is not None),
    )


def routes_of(workload: Workload) -> tuple[Route, ...]:
    """Where each of its task types wants its tasks.

    A type without a priority is a normal one among others that have some.
    """
    unsaid = NORMAL if any(task.priority for task in workload.task) else ""
    return tuple(Route(task.queue or "", task.priority or unsaid) for task in workload.task)


def launch_of(arm: Arm, slots: int, workload: Workload) -> Launch:
    """What an arm's worker commands are made from; ValueError for one that takes no workloads."""
    if not isinstance(arm.adapter, TakesWorkloads):
        raise ValueError(f"{arm.adapter.name} takes no workloads")
    app = arm.adapter.workload_app
    routes = tuple(dict.fromkeys(routes_of(workload)))
    return replace(arm.launch(slots), app=app, routes=routes)


def not_offered(arm: Arm, slots: int, workload: Workload) -> str:
    """Why an arm does not offer what a workload asks for, in a sentence; empty where it does."""
    if not isinstance(arm.adapter, TakesWorkloads):
        return f"the adapter of {arm.adapter.name} takes no workloads"
    return arm.adapter.lacks(launch_of(arm, slots, workload), needs_of(workload))
