"""RQ inside its processes; keep it light: the default worker imports it anew in every fork."""

from time import monotonic_ns

_began = monotonic_ns()

from bench.inprocess import body  # noqa: E402  (what stands above is the stopwatch)


def run(task, work=""):  # type: ignore[no-untyped-def]  # annotations would cost time in every fork
    """The task that every cell enqueues; returns its id."""
    return body.run(task, work)


def connect():  # type: ignore[no-untyped-def]
    """The enqueue call, RQ's plain one: `enqueue`."""
    job = _plain()  # type: ignore[no-untyped-call]
    return lambda task, work: job(task, work).id


def ask(task, work):  # type: ignore[no-untyped-def]
    """Enqueue by `enqueue` and wait for the result by `latest_result`."""
    global _asking
    _asking = _asking or _plain()  # type: ignore[no-untyped-call]
    result = _asking(task, work).latest_result(timeout=60)
    if result is None:
        raise TimeoutError("no result within 60 s")
    return result.return_value


def _plain():  # type: ignore[no-untyped-def]
    """A function (task, work) → job, with the options of this cell."""
    from importlib import import_module

    from rq import Retry

    from adapters.rq.library_settings import call_options
    from bench.inprocess import cell_context

    queue = _queue()  # type: ignore[no-untyped-call]
    cell = cell_context.load()
    settings, limit = cell["settings"], cell["params"].get("time_limit_s")
    # Flags are not the call's, nor settings of whoever builds on this application.
    options = {name: value for name, value in settings.items() if name in call_options()}
    others = [name for name in settings if name not in options and not name.startswith("-")]
    if cell["system"] == "rq" and (unread := set(others) - {"retry_max", "task_module"}):
        raise TypeError(f"this version of RQ does not read {min(unread)}")
    if retries := settings.get("retry_max"):
        options["retry"] = Retry(max=retries)
    if limit:
        options["job_timeout"] = int(limit)
    task_body = import_module(settings.get("task_module", __name__)).run

    def job(task, work):  # type: ignore[no-untyped-def]
        args = (task, work) if work else (task,)
        return queue.enqueue(task_body, *args, **options)

    return job


def bulk(tasks):  # type: ignore[no-untyped-def]
    """Enqueue all of these tasks in one pipeline."""
    queue = _queue()  # type: ignore[no-untyped-call]
    queue.enqueue_many([queue.prepare_data(run, args=(task,)) for task in tasks])


def _queue():  # type: ignore[no-untyped-def]
    """One queue, and so one connection, per process."""
    from redis import Redis
    from rq import Queue

    from bench.inprocess.cell_context import broker

    global _kept
    _kept = _kept or Queue(connection=Redis.from_url(broker()))  # type: ignore[assignment]
    return _kept


_kept = _asking = None
body.imported_in((monotonic_ns() - _began) // 1000)
