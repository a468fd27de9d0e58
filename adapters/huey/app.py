"""Huey inside its processes: the instance, the task, the enqueue call."""

from bench.inprocess import cell_context

_cell = cell_context.load()
_settings = _cell["settings"]
if _settings.get("-k") == "greenlet":
    # The consumer does not patch; its documentation asks the application to, before anything else.
    from gevent import monkey

    monkey.patch_all()

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

from huey import Huey, RedisHuey, SqliteHuey  # noqa: E402
from huey.signals import SIGNAL_INTERRUPTED  # noqa: E402

from adapters.huey.library_settings import class_options  # noqa: E402
from bench.inprocess import body  # noqa: E402

# Flags are not its, nor settings of whoever builds on this application.
_options = {name: value for name, value in _settings.items() if name in class_options()}
_others = [name for name in _settings if name not in _options and not name.startswith("-")]
if _cell["system"] == "huey" and (_unread := set(_others) - {"requeue_interrupted"}):
    raise TypeError(f"this version of Huey does not read {min(_unread)}")
_keep = _options.get("results", True)


def _connected(url: str) -> Huey:
    """The class that Huey's documentation names for this kind of storage."""
    if url.startswith("sqlite:"):
        return SqliteHuey("bench", filename=url.removeprefix("sqlite://"), **_options)
    if url.startswith("postgres"):
        from huey import PostgresHuey  # an older version has none

        return PostgresHuey("bench", dsn=url, **_options)
    return RedisHuey("bench", url=url, **_options)


huey = _connected(cell_context.broker())


@huey.task(
    name="run",
    **({"timeout": _cell["params"]["time_limit_s"]} if "time_limit_s" in _cell["params"] else {}),
)  # type: ignore[untyped-decorator]
def run(task: int, work: str = "") -> int:
    """The task that every cell enqueues; returns its id."""
    return body.run(task, work)


if _settings.get("requeue_interrupted"):

    @huey.signal(SIGNAL_INTERRUPTED)  # type: ignore[untyped-decorator]
    def requeue(signal: str, task: Any, *args: Any) -> None:
        """A task cut off by a shutdown goes back to the queue."""
        huey.enqueue(task)


def connect() -> Callable[[int, str], str]:
    """The plain call: the decorated function."""

    def enqueue(task: int, work: str) -> str:
        result = run(task, work) if work else run(task)
        return str(result.id) if _keep else ""

    return enqueue


def ask(task: int, work: str) -> int:
    """Enqueue by the decorated function and wait for the result by `Result.get`."""
    return int((run(task, work) if work else run(task)).get(blocking=True, timeout=60))
