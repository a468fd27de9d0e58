"""Monitoring and control of the workers."""

import time

from adapters.celery.features import steps
from bench.inprocess.ports import free_port
from bench.inprocess.trials import monitoring, worker_control
from bench.inprocess.trials.lab import Lab, Observation, TrialProcess
from bench.inprocess.trials.processes import children
from bench.inprocess.trials.spans import most, spans
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.web import up

TRIALS = Trials()


def _flower(lab: Lab) -> str:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    options = (f"--port={port}", "--address=127.0.0.1", "--loglevel=warning")
    lab.start(*steps.COMMAND, "flower", *options)
    up(lab, f"{address}/healthcheck")
    return address


@TRIALS.of("monitor.page", packages=("flower",))
def flower(lab: Lab) -> Observation:
    """Flower, and a worker that sends events."""
    system = steps.ready(lab, "-E")
    address = _flower(lab)
    time.sleep(1.0)  # it learns of the worker from its events
    done, failed = system.enqueue("touch", "done"), system.enqueue("boom", "as planned")
    lab.wait(1, "boom")
    pages = {"done": f"{address}/task/{done.id}", "failed": f"{address}/task/{failed.id}"}
    return monitoring.shows(lab, "Flower", pages, {"done": "SUCCESS", "failed": "FAILURE"})


@TRIALS.of("monitor.cli")
def status(lab: Lab) -> Observation:
    """`celery status` and `celery inspect`, with seven tasks waiting behind one that runs."""
    monitoring.queue_up(steps.ready(lab, worker_prefetch_multiplier=1), 6.0)
    output = [
        lab.run(*steps.COMMAND, *words) for words in (("status",), ("inspect", "active_queues"))
    ]
    return {
        "command": "celery status, celery inspect active_queues",
        "names_worker": "w@" in output[0],
        "counts_queue": any(" 7 " in f" {text} " for text in output),
    }


@TRIALS.of("monitor.cost", packages=("flower",))
def cost(lab: Lab) -> Observation:
    """Events and Flower: switched on and off at one worker from drain to drain."""
    system = steps.ready(lab)
    _flower(lab)
    control = system.app.control

    def drain(on: bool) -> float:
        switch = control.enable_events if on else control.disable_events
        switch(reply=True, timeout=0.5)
        return monitoring.drain_s(lab, monitoring.fill(system))

    return monitoring.drains("events and Flower", drain)


@TRIALS.of("control.ping")
def ping(lab: Lab) -> Observation:
    """Shown by `control.ping`."""
    return {"workers": 2, "answers": len(steps.several(lab, 2).app.control.ping(timeout=2.0))}


@TRIALS.of("control.stats")
def stats(lab: Lab) -> Observation:
    """Shown by `inspect.stats` and `inspect.active`."""
    system = steps.ready(lab)
    worker_control.at_work(system, 3.0)
    asked = system.app.control.inspect(timeout=2.0)
    by_worker, active = next(iter(asked.stats().values())), next(iter(asked.active().values()))
    return worker_control.accounts(
        4, by_worker["total"].get("add"), [task["name"] for task in active]
    )


@TRIALS.of("control.resize")
def resize(lab: Lab) -> Observation:
    """Shown by `pool_grow` and `pool_shrink`."""
    system = steps.ready(lab)
    control = system.app.control
    return worker_control.grows(
        system,
        lambda: control.pool_grow(2, reply=True, timeout=1.0),
        lambda: control.pool_shrink(1, reply=True, timeout=1.0),
        [1, 3, 2],
    )


@TRIALS.of("control.shutdown")
def shutdown(lab: Lab) -> Observation:
    """Shown by `control.shutdown`."""
    system = steps.Tried(lab)
    worker = system.worker()
    system.enqueue("nap", "long", 1.5)
    return worker_control.while_busy(lab, worker, system.app.control.shutdown)


@TRIALS.of("control.suspend")
def suspend(lab: Lab) -> Observation:
    """`cancel_consumer` and `add_consumer` for all workers."""
    system = steps.several(lab, 2)
    control = system.app.control
    control.cancel_consumer("celery", reply=True, timeout=1.0)
    time.sleep(1.2)  # a pop that was open when the order came takes one task more
    return worker_control.held(
        system, 2.0, lambda: control.add_consumer("celery", reply=True, timeout=1.0), 4
    )


@TRIALS.of("control.autoscale", slow=True)
def autoscale(lab: Lab) -> Observation:
    """`--autoscale=3,1`: a backlog, then no work at all."""
    system = steps.Tried(lab)
    worker = system.worker("--autoscale=3,1")
    began = time.monotonic()
    for number in range(30):
        system.enqueue("nap", f"load-{number}", 1.0)
    grown = lab.until(lambda: most(spans(lab.marks(), "load-")) >= 3, 40)
    up_s = time.monotonic() - began
    lab.until(lambda: len(spans(lab.marks(), "load-")) == 30, 45)
    began = time.monotonic()
    down = lab.until(lambda: _children(worker) <= 1, 75)
    return {
        "low": 1,
        "high": 3,
        "most": most(spans(lab.marks(), "load-")),
        "up_s": up_s if grown else None,
        "down_s": time.monotonic() - began if down else None,
    }


def _children(worker: TrialProcess) -> int:
    time.sleep(worker_control.CHILDREN_POLL_S)
    return len(children(worker.pid))
