"""A workload's tasks in RQ; keep it light: the default worker imports it anew in every fork."""

from time import monotonic_ns

_began = monotonic_ns()

from bench.inprocess import workload_tasks  # noqa: E402  (what stands above is the stopwatch)


def run(task, kind, most, *what):  # type: ignore[no-untyped-def]  # as in app.py
    """A task of any type; `most` is how often its call lets RQ run it again."""
    from rq import get_current_job

    job = get_current_job()
    assert job is not None, "only a worker runs it"
    workload_tasks.results_by(job.serializer.dumps)
    attempt = 0 if job.retries_left is None else most - job.retries_left
    try:
        return workload_tasks.run(task, kind, attempt, *what)
    except Exception:
        # What a profile allows beyond is for runs that have lost their worker, and not for these.
        if most and attempt >= workload_tasks.types()[kind].retries:
            job.retries_left = 0
        raise


def connect():  # type: ignore[no-untyped-def]
    """The enqueue call, RQ's plain one: `enqueue`."""
    from adapters.rq import app
    from bench.inprocess.workload_messages import message

    no_op = app.connect()  # type: ignore[no-untyped-call]
    calls = [_call(each) for each in workload_tasks.types()]  # type: ignore[no-untyped-call]

    def enqueue(task, work):  # type: ignore[no-untyped-def]
        if not work.isdigit():
            return no_op(task, work)
        kind = int(work)
        queue, most, options = calls[kind]
        return queue.enqueue(run, task, kind, most, *message(task, kind), **options).id

    return enqueue


def _call(each):  # type: ignore[no-untyped-def]
    """(queue, retries, options) of the call for a type."""
    from rq import Queue, Retry

    from adapters.rq.app import _queue
    from adapters.rq.library_settings import call_options
    from adapters.rq.queue_names import queue_name
    from bench.inprocess import cell_context

    settings = cell_context.load()["settings"]
    options = {name: value for name, value in settings.items() if name in call_options()}
    # A profile may run again what has lost its worker: RQ counts those with the others.
    most = max(each.retries, int(settings.get("retry_max") or 0))
    if most:
        options["retry"] = Retry(max=most)
    if each.limit_s:
        options["job_timeout"] = int(each.limit_s)
    name = queue_name(each.queue or "", each.priority or "")
    connection = _queue().connection  # type: ignore[no-untyped-call]
    return Queue(name, connection=connection), most, options


workload_tasks.imported_in((monotonic_ns() - _began) // 1000)
