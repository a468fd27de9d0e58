"""Monitoring and control of the workers."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import rq.command
from rq import Worker
from rq.command import send_shutdown_command

from adapters.rq.features import steps
from bench.inprocess.ports import free_port
from bench.inprocess.trials import monitoring, worker_control
from bench.inprocess.trials.lab import Lab, Observation, public
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.web import get, up

TRIALS = Trials()


def _dashboard(lab: Lab) -> str:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    lab.start("rq-dashboard", "--bind", "127.0.0.1", "--port", str(port), "--redis-url", lab.broker)
    up(lab, address)
    return address


def _worker(system: steps.Tried) -> Any:
    """The only one, as Redis has it, of a class whose name depends on RQ's version."""
    return Worker.all(connection=system.queue.connection)[0]


@TRIALS.of("monitor.page", packages=("rq-dashboard",))
def dashboard(lab: Lab) -> Observation:
    """rq-dashboard: the lists that its page fetches."""
    system = steps.ready(lab)
    address = _dashboard(lab)
    done, failed = system.enqueue("touch", "done"), system.enqueue("boom", "as planned")
    lab.wait(1, "boom")
    pages = {
        name: f"{address}/0/data/jobs/default/{registry}/8/asc/1.json"
        for name, registry in (("done", "finished"), ("failed", "failed"))
    }
    words = {"done": done.id, "failed": failed.id}
    return monitoring.shows(lab, "rq-dashboard", pages, words)


@TRIALS.of("monitor.cli")
def info(lab: Lab) -> Observation:
    """`rq info`, with seven tasks waiting behind one that runs."""
    system = steps.ready(lab)
    monitoring.queue_up(system, 5.0)
    output = lab.run("rq", "info", *steps.SETTINGS)
    return {
        "command": "rq info",
        "names_worker": _worker(system).name in output,
        "counts_queue": " 7" in output,
    }


@TRIALS.of("monitor.cost", packages=("rq-dashboard",))
def cost(lab: Lab) -> Observation:
    """rq-dashboard, looked at twice a second, and not."""
    system = steps.ready(lab, *steps.SIMPLE, "--quiet")
    address = _dashboard(lab)
    watched = threading.Event()

    def look() -> None:
        while True:
            watched.wait()
            get(f"{address}/0/data/queues.json")
            get(f"{address}/0/data/workers.json")
            time.sleep(0.5)

    def drain(on: bool) -> float:
        switch = watched.set if on else watched.clear
        switch()
        return monitoring.drain_s(lab, monitoring.fill(system))

    threading.Thread(target=look, daemon=True).start()
    return monitoring.drains("rq-dashboard, open in one browser", drain)


def _names(lab: Lab) -> Mapping[str, Iterable[str]]:
    return {
        "rq.command": public(rq.command),
        "Worker": dir(Worker),
        **steps.flags_of(lab, "worker-pool"),
    }


TRIALS.lack("control.ping", r"(^|_|-)ping", _names)
TRIALS.lack("control.resize", r"grow|shrink|resize|scale", _names)
TRIALS.lack("control.autoscale", r"scale|min-workers|max-workers", _names)


@TRIALS.of("control.stats")
def stats(lab: Lab) -> Observation:
    """`Worker.all`: what each says of itself in Redis."""
    system = steps.ready(lab)
    worker_control.at_work(system, 3.0)
    worker = _worker(system)
    job = worker.get_current_job()
    return worker_control.accounts(
        4 + len(lab.marks("ready")), worker.successful_job_count, [job.func_name] if job else []
    )


@TRIALS.of("control.shutdown")
def shutdown(lab: Lab) -> Observation:
    """Shown by `send_shutdown_command`."""
    started = steps.worker(lab)
    system = steps.Tried(lab)
    name = _worker(system).name
    system.enqueue("nap", "long", 1.5)
    return worker_control.while_busy(
        lab, started, lambda: send_shutdown_command(system.queue.connection, name)
    )


@TRIALS.of("control.suspend")
def suspend(lab: Lab) -> Observation:
    """Shown by `rq suspend` and `rq resume`."""
    system = steps.ready(lab)
    lab.run("rq", "suspend", *steps.SETTINGS)
    # An idle worker looks whether it is suspended when its pop returns.
    system.enqueue("touch", "taken")
    time.sleep(0.5)
    return worker_control.held(system, 1.5, lambda: lab.run("rq", "resume", *steps.SETTINGS), 5)
