"""Monitoring and control of the workers."""

import time
from collections.abc import Callable
from typing import Any

import rq.command
from rq import Worker
from rq.command import send_shutdown_command

from adapters.rq.features import steps
from bench.inprocess.ports import free_port
from bench.inprocess.trials import tasks
from bench.inprocess.trials.burden import drains, shows
from bench.inprocess.trials.lab import Lab, Observation, absent, options
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.web import get, up
from bench.inprocess.trials.worker_control import while_busy

TRIALS = Trials()


def _dashboard(lab: Lab) -> str:
    port = free_port()
    lab.start("rq-dashboard", "--bind", "127.0.0.1", "--port", str(port), "--redis-url", lab.broker)
    address = f"http://127.0.0.1:{port}"
    up(lab, address)
    return address


@TRIALS.of("monitor.page", packages=("rq-dashboard",))
def dashboard(lab: Lab) -> Observation:
    """rq-dashboard: the lists that its page fetches."""
    steps.worker(lab)
    address = _dashboard(lab)
    queue = steps.queue(lab)
    done, failed = queue.enqueue(tasks.touch, "done"), queue.enqueue(tasks.boom, "as planned")
    lab.wait(1, "boom")
    pages = {
        name: f"{address}/0/data/jobs/default/{registry}/8/asc/1.json"
        for name, registry in (("done", "finished"), ("failed", "failed"))
    }
    return shows(lab, "rq-dashboard", pages, {"done": done.id, "failed": failed.id})


@TRIALS.of("monitor.cli")
def info(lab: Lab) -> Observation:
    """`rq info`, with seven tasks waiting behind one that runs."""
    steps.worker(lab)
    queue = steps.queue(lab)
    queue.enqueue(tasks.nap, "busy", 5.0)
    lab.wait(1, "busy:start")
    for _ in range(7):
        queue.enqueue(tasks.touch, "waiting")
    output = lab.run("rq", "info", *steps.SETTINGS)
    worker = Worker.all(connection=queue.connection)[0]
    return {
        "command": "rq info",
        "names_worker": worker.name in output,
        "counts_queue": " 7" in output,
    }


@TRIALS.of("monitor.cost", packages=("rq-dashboard",))
def cost(lab: Lab) -> Observation:
    """rq-dashboard, looked at twice a second, and not."""
    import threading

    queue = steps.queue(lab)
    steps.worker(lab, *steps.SIMPLE, "--quiet")
    address = _dashboard(lab)
    watched = threading.Event()

    def look() -> None:
        while True:
            watched.wait()
            get(f"{address}/0/data/queues.json")
            get(f"{address}/0/data/workers.json")
            time.sleep(0.5)

    threading.Thread(target=look, daemon=True).start()
    return drains(
        lab,
        "rq-dashboard, open in one browser",
        lambda on: watched.set() if on else watched.clear(),
        lambda: queue.enqueue(tasks.touch, "drain"),
    )


def _nothing_like(pattern: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        places: dict[str, Any] = {
            "rq.command": [name for name in dir(rq.command) if not name.startswith("_")],
            "Worker": dir(Worker),
        }
        return absent(
            pattern,
            {**places, "`rq worker-pool --help`": options(lab.run("rq", "worker-pool", "--help"))},
        )

    return carry_out


TRIALS.of("control.ping", broker="none")(_nothing_like(r"(^|_|-)ping"))
TRIALS.of("control.resize", broker="none")(_nothing_like(r"grow|shrink|resize|scale"))
TRIALS.of("control.autoscale", broker="none")(_nothing_like(r"scale|min-workers|max-workers"))


@TRIALS.of("control.stats")
def stats(lab: Lab) -> Observation:
    """`Worker.all`: what each says of itself in Redis."""
    steps.worker(lab)
    queue = steps.queue(lab)
    for _ in range(4):
        queue.enqueue(tasks.add, 1, 1)
    lab.wait(4, "add")
    queue.enqueue(tasks.nap, "busy", 3.0)
    lab.wait(1, "busy:start")
    worker = Worker.all(connection=queue.connection)[0]
    job = worker.get_current_job()
    return {
        "done": 4 + len(lab.marks("ready")),
        "told_done": worker.successful_job_count,
        "running": 1,
        "told_running": [job.func_name] if job else [],
    }


@TRIALS.of("control.shutdown")
def shutdown(lab: Lab) -> Observation:
    """Shown by `send_shutdown_command`."""
    started = steps.worker(lab)
    queue = steps.queue(lab)
    name = Worker.all(connection=queue.connection)[0].name
    queue.enqueue(tasks.nap, "long", 1.5)
    return while_busy(lab, started, lambda: send_shutdown_command(queue.connection, name))


@TRIALS.of("control.suspend")
def suspend(lab: Lab) -> Observation:
    """Shown by `rq suspend` and `rq resume`."""
    steps.worker(lab)
    queue = steps.queue(lab)
    lab.run("rq", "suspend", *steps.SETTINGS)
    queue.enqueue(
        tasks.touch, "taken"
    )  # an idle worker looks whether it is suspended when its pop returns
    time.sleep(0.5)
    for _ in range(5):
        queue.enqueue(tasks.touch, "held")
    time.sleep(1.5)
    meanwhile = len(lab.marks("held"))
    lab.run("rq", "resume", *steps.SETTINGS)
    lab.until(lambda: len(lab.marks("held")) >= 5, 5)
    return {"while_suspended": meanwhile, "after_resume": len(lab.marks("held")), "asked": 5}
