"""The two web trials, the same for every system but for the call that enqueues."""

import inspect
import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bench.inprocess.ports import free_port
from bench.inprocess.trials.lab import GaveUp, Lab, Observation
from bench.inprocess.trials.trial import System

REQUESTS, WARM = 60, 10
DJANGO_REQUESTS = 500
BUSY_S = 0.003  # what else a request does before its transaction commits


def get(url: str, timeout_s: float = 5.0) -> tuple[int, str]:
    """(status, text) of a page; status 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return int(answer.status), answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return int(error.code), error.read().decode(errors="replace")
    except (OSError, ValueError):
        return 0, ""


def up(lab: Lab, url: str, timeout_s: float = 10.0) -> None:
    """Wait until a page answers at all."""
    if not lab.until(lambda: get(url)[0] != 0, timeout_s):
        raise GaveUp(f"{url} does not answer: {lab.logs()}")


def fastapi(lab: Lab, module: str, call: Callable[..., Any]) -> Observation:
    """Requests one after the other to a real uvicorn; a worker runs what they enqueue."""
    import_module("fastapi")  # says what is missing before a server is started

    port = free_port()
    lab.start(
        "uvicorn",
        "bench.inprocess.trials.web_fastapi:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
        env={"QUEUE_BENCH_ENQUEUE": module},
    )
    up(lab, f"http://127.0.0.1:{port}/ready")
    answers = [get(f"http://127.0.0.1:{port}/enqueue/{number}") for number in range(REQUESTS)]
    bad = [text for status, text in answers if status != 200]
    if bad:
        raise GaveUp(f"{len(bad)} of {REQUESTS} requests failed: {bad[0][:200]}")
    ran = lab.wait(REQUESTS, "from-web")
    # The first ones import and connect: that is no enqueue.
    still = [json.loads(text)["still_ms"] for _, text in answers[WARM:]]
    return {
        "asked": REQUESTS,
        "ran": len(ran),
        "still_ms": still,
        "awaitable": inspect.iscoroutinefunction(call),
    }


def django(system: System) -> Observation:
    """A view writes a row and enqueues a task that looks for it: inside the transaction, and on its
    commit."""
    from bench.inprocess.trials import web_django

    client = web_django.site(system.lab.folder / "app.sqlite3", system.enqueue, BUSY_S)
    for kind in ("inside", "on_commit"):
        for _ in range(DJANGO_REQUESTS):
            status = client.post(f"/{kind}").status_code
            if status != 200:
                raise GaveUp(f"the view answered {status}")
    marks = system.lab.wait(2 * DJANGO_REQUESTS, "look", system.lab.left() - 1)
    missing = Counter(mark["kind"] for mark in marks if not mark["there"])
    return {
        "requests": DJANGO_REQUESTS,
        "ran": len(marks),
        "call": "transaction.on_commit",
        "before_commit_missing": missing["inside"],
        "on_commit_missing": missing["on_commit"],
        "busy_ms": BUSY_S * 1000,
    }
