"""RQ: its profiles and its worker commands."""

from collections.abc import Collection, Mapping, Sequence

from adapters.base import (
    HIREDIS,
    REDISES,
    Command,
    Fault,
    Held,
    Launch,
    Needs,
    Prediction,
    Profile,
    Setting,
    spellings,
)
from adapters.rq import faults, library_settings, rights, traces
from adapters.rq.queue_names import QUEUE, in_order

DOCS = "https://python-rq.org/docs/"
WORKERS = DOCS + "workers/"
# What `rq worker --help` names and no page of the documentation does.
OPTIONS = "https://github.com/rq/rq/blob/master/rq/cli/workers.py"

SIMPLE = Setting(
    "-w",
    "rq.SimpleWorker",
    WORKERS + "#simpleworker",
    "no fork per task, and no heartbeat while one runs: not recommended for production use unless "
    "these limitations are fully understood",
)
TUNED = (
    SIMPLE,
    Setting("--quiet", True, OPTIONS, "four log lines a task less"),
    Setting(
        "--disable-job-desc-logging",
        True,
        WORKERS + "#worker-arguments",
        "no description of each task in the log",
    ),
)
DURABLE = (
    Setting(
        "retry_max",
        3,
        DOCS + "exceptions/#retrying-failed-jobs",
        "a task whose worker died is run again instead of only being recorded as failed",
    ),
    Setting(
        "--job-monitoring-interval",
        1,
        OPTIONS,
        "the heartbeat that tells a dead worker expires 60 s after the next one is due: after 61 s "
        "instead of 90",
    ),
    Setting(
        "--maintenance-interval",
        1,
        WORKERS + "#worker-arguments",
        "dead workers' tasks are looked for at every wake-up instead of every 600 s",
    ),
    Setting(
        "--worker-ttl",
        17,
        OPTIONS,
        "an idle worker wakes 15 s before its time is over: after 2 s instead of 405",
    ),
)


class Rq:
    """RQ as its users start it: `rq worker`."""

    name = "rq"
    title = "RQ"
    order = 2
    version = 2
    packages = ("rq", "redis")
    app = "adapters.rq.app"
    workload_app = "adapters.rq.workload"
    brokers = REDISES
    first_broker = "redis"
    variables = ("RQ_*", "REDIS_*", "SENTRY_*")
    reach = "adapters.rq.reach"
    push_command = "rpush"
    key_patterns = ("rq:*",)
    bulk_call = "Queue.enqueue_many"
    bulk_chunk = 1000
    answer_call = "Job.latest_result(timeout=…)"
    answer_how = "a blocking read of the job's result stream (XREAD), which Redis wakes"
    profiles: Mapping[str, Profile] = {
        "default": Profile(
            "default",
            "N workers, a fork per task, results for 500 s, all as shipped; the task of a dead "
            "worker is stuck for 90 to 690 s, then failed, and can be requeued",
            "at most once",
            True,
            "parent",
            (),
        ),
        # Results stay: to delete a job when it has run takes seven commands more than to keep it.
        "tuned": Profile(
            "tuned",
            "N SimpleWorkers: no fork, quiet; results for 500 s. RQ does not recommend them for "
            "production unless their limitations are fully understood",
            "at most once",
            True,
            "process",
            TUNED,
            installs=(HIREDIS,),
        ),
        "durable": Profile(
            "durable",
            "Retry(max=3), Redis synced at every write, the quickest documented maintenance: "
            "the task of a dead worker is stuck for 61 s, then run again",
            "at least once",
            True,
            "parent",
            DURABLE,
            redis="redis-always",
        ),
        "heavy": Profile(
            "heavy",
            "the default with a task module that also imports celery and huey: "
            "each fork imports it anew",
            "at most once",
            True,
            "parent",
            (
                Setting(
                    "task_module",
                    "adapters.rq.heavy",
                    WORKERS + "#performance-notes",
                    "what a user's heavier module costs where `rq worker` imports it in each fork; "
                    "the page has a worker script of one's own that imports it before",
                ),
            ),
            requires=("celery", "huey"),
        ),
        "simple": Profile(
            "simple",
            "N SimpleWorkers, all else as shipped. RQ does not recommend them for production "
            "unless their limitations are fully understood",
            "at most once",
            True,
            "process",
            (SIMPLE,),
        ),
        "spawn": Profile(
            "spawn",
            "N SpawnWorkers: a fresh interpreter per task",
            "at most once",
            True,
            "parent",
            (
                Setting(
                    "-w",
                    "rq.SpawnWorker",
                    WORKERS + "#spawnworker",
                    "a fresh interpreter per task",
                ),
            ),
        ),
    }

    def commands(self, launch: Launch) -> list[Command]:
        """N × `rq worker`, which are told of queues where there is more than RQ's own.

        The connection comes from a settings module, so that no password is an argument.
        """
        names = self.queue_names(launch)
        queues = names if len(names) > 1 else ()
        argv = ("rq", "worker", "-c", "adapters.rq.settings", *launch.flags(), *queues)
        return [Command(argv)] * launch.slots

    def tries(self, launch: Launch) -> list[Command]:
        """Its flags are read before the help is given; the class of the worker is not."""
        unchecked = [Command((*self.commands(launch)[0].argv, "--help"))]
        if worker := launch.settings.get("-w"):
            module, _, name = str(worker).rpartition(".")
            unchecked.append(Command(("python", "-c", f"from {module} import {name}")))
        return unchecked

    def known_settings(self) -> Collection[str]:
        """What an enqueue call takes beside the task, and the options of the worker."""
        options = {name: name for name in library_settings.call_options()}
        profiles = self.profiles.values()
        return options | spellings(library_settings.worker_options(), profiles)

    def graceful_signal(self, launch: Launch) -> str:
        """As "Taking down workers" has it; SIGINT does the same."""
        return "SIGTERM"

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
        """On a queue, in a registry, or recorded as failed."""
        return traces.held(broker, handles)

    def queue_names(self, launch: Launch) -> tuple[str, ...]:
        """In the order in which a worker empties them: it is RQ's priority."""
        return in_order((route.queue, route.priority) for route in launch.routes)

    def held_in(
        self, broker: str, handles: Mapping[int, str], queues: Sequence[str]
    ) -> Mapping[int, Held]:
        """As `held`, where the tasks are on several queues."""
        return traces.held(broker, handles, queues)

    def lacks(self, launch: Launch, needs: Needs) -> str:
        """Time limits that are no whole seconds, and the tasks of another module."""
        if any(limit != int(limit) for limit in needs.limits):
            return "RQ's time limits are whole seconds"
        if "task_module" in launch.settings:
            return f"the profile {launch.profile} is about a task module of its own"
        return ""

    def redis_commands(self, launch: Launch, database: str) -> Sequence[str]:
        """The commands that it needs, the same in every profile."""
        return rights.COMMANDS + (rights.OF_WORKLOADS if launch.app else ())

    def predict(self, fault: Fault, launch: Launch) -> Prediction | None:
        """From heartbeat, maintenance interval and retries."""
        return faults.predict(fault, launch)

    def free(self, launch: Launch) -> list[Command]:
        """`rq requeue --all`, which takes what is recorded as failed."""
        return [Command(("rq", "requeue", "-c", "adapters.rq.settings", "--queue", QUEUE, "--all"))]


ADAPTER = Rq()
