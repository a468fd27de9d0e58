"""Monitoring and control of the workers."""

import time
from typing import Any

from adapters.celery.features import steps
from bench.inprocess.ports import free_port
from bench.inprocess.trials.burden import drains, shows
from bench.inprocess.trials.lab import Lab, Observation, TrialProcess
from bench.inprocess.trials.processes import children
from bench.inprocess.trials.spans import most, spans
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.web import up
from bench.inprocess.trials.worker_control import CHILDREN_POLL_S, grows, while_busy

TRIALS = Trials()


def _flower(lab: Lab) -> str:
    port = free_port()
    options = (f"--port={port}", "--address=127.0.0.1", "--loglevel=warning")
    lab.start("celery", "-A", steps.MODULE, "flower", *options)
    address = f"http://127.0.0.1:{port}"
    up(lab, f"{address}/healthcheck")
    return address


@TRIALS.of("monitor.page", packages=("flower",))
def flower(lab: Lab) -> Observation:
    """Flower, and a worker that sends events."""
    module = steps.app(lab)
    steps.worker(lab, module, "-E")
    address = _flower(lab)
    time.sleep(1.0)  # it learns of the worker from its events
    done, failed = module.task("touch").delay("done"), module.task("boom").delay("as planned")
    lab.wait(1, "boom")
    pages = {"done": f"{address}/task/{done.id}", "failed": f"{address}/task/{failed.id}"}
    return shows(lab, "Flower", pages, {"done": "SUCCESS", "failed": "FAILURE"})


@TRIALS.of("monitor.cli")
def status(lab: Lab) -> Observation:
    """`celery status` and `celery inspect`, with seven tasks waiting behind one that runs."""
    module = steps.app(lab, worker_prefetch_multiplier=1)
    steps.worker(lab, module)
    module.task("nap").delay("busy", 6.0)
    lab.wait(1, "busy:start")
    for _ in range(7):
        module.task("touch").delay("waiting")
    output = [
        lab.run("celery", "-A", steps.MODULE, *words)
        for words in (("status",), ("inspect", "active_queues"))
    ]
    return {
        "command": "celery status, celery inspect active_queues",
        "names_worker": "w@" in output[0],
        "counts_queue": any(" 7 " in f" {text} " for text in output),
    }


@TRIALS.of("monitor.cost", packages=("flower",))
def cost(lab: Lab) -> Observation:
    """Events and Flower: switched on and off at one worker from drain to drain."""
    module = steps.app(lab)
    steps.worker(lab, module)
    _flower(lab)

    def switch(on: bool) -> None:
        (module.app.control.enable_events if on else module.app.control.disable_events)(
            reply=True, timeout=0.5
        )

    return drains(lab, "events and Flower", switch, lambda: module.task("touch").delay("drain"))


def _two(lab: Lab) -> Any:
    module = steps.app(lab)
    steps.workers(lab, module, "w1", "w2")
    return module


@TRIALS.of("control.ping")
def ping(lab: Lab) -> Observation:
    """Shown by `control.ping`."""
    return {"workers": 2, "answers": len(_two(lab).app.control.ping(timeout=2.0))}


@TRIALS.of("control.stats")
def stats(lab: Lab) -> Observation:
    """Shown by `inspect.stats` and `inspect.active`."""
    module = steps.app(lab)
    steps.worker(lab, module)
    for _ in range(4):
        module.task("add").delay(1, 1)
    lab.wait(4, "add")
    module.task("nap").delay("busy", 3.0)
    lab.wait(1, "busy:start")
    asked = module.app.control.inspect(timeout=2.0)
    by_worker, active = next(iter(asked.stats().values())), next(iter(asked.active().values()))
    return {
        "done": 4,
        "told_done": by_worker["total"].get("add"),
        "running": 1,
        "told_running": [task["name"] for task in active],
    }


@TRIALS.of("control.resize")
def resize(lab: Lab) -> Observation:
    """Shown by `pool_grow` and `pool_shrink`."""
    module = steps.app(lab)
    steps.worker(lab, module)
    control = module.app.control
    return grows(
        lab,
        lambda name: module.task("nap").delay(name, 0.5),
        lambda: control.pool_grow(2, reply=True, timeout=1.0),
        lambda: control.pool_shrink(1, reply=True, timeout=1.0),
        [1, 3, 2],
    )


@TRIALS.of("control.shutdown")
def shutdown(lab: Lab) -> Observation:
    """Shown by `control.shutdown`."""
    module = steps.app(lab)
    worker = steps.worker(lab, module)
    module.task("nap").delay("long", 1.5)
    return while_busy(lab, worker, module.app.control.shutdown)


@TRIALS.of("control.suspend")
def suspend(lab: Lab) -> Observation:
    """`cancel_consumer` and `add_consumer` for all workers."""
    module = _two(lab)
    control = module.app.control
    control.cancel_consumer("celery", reply=True, timeout=1.0)
    time.sleep(1.2)  # a pop that was open when the order came takes one task more
    for _ in range(5):
        module.task("touch").delay("held")
    time.sleep(2.0)
    meanwhile = len(lab.marks("held"))
    control.add_consumer("celery", reply=True, timeout=1.0)
    lab.until(lambda: len(lab.marks("held")) >= 5, 4)
    return {"while_suspended": meanwhile, "after_resume": len(lab.marks("held")), "asked": 5}


@TRIALS.of("control.autoscale", slow=True)
def autoscale(lab: Lab) -> Observation:
    """`--autoscale=3,1`: a backlog, then no work at all."""
    module = steps.app(lab)
    worker = steps.worker(lab, module, "--autoscale=3,1")
    began = time.monotonic()
    for number in range(30):
        module.task("nap").delay(f"load-{number}", 1.0)
    grown = lab.until(lambda: most(spans(lab.marks(), "load-")) >= 3, 40)
    up_s = time.monotonic() - began
    lab.until(lambda: len(spans(lab.marks(), "load-")) == 30, 45)
    began = time.monotonic()
    down = lab.until(lambda: _children(worker) <= 1, 75)
    observation = {
        "low": 1,
        "high": 3,
        "most": most(spans(lab.marks(), "load-")),
        "up_s": up_s if grown else None,
    }
    return {**observation, "down_s": time.monotonic() - began if down else None}


def _children(worker: TrialProcess) -> int:
    time.sleep(CHILDREN_POLL_S)
    return len(children(worker.pid))
