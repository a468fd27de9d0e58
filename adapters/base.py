"""What a system must offer to be measured, and what it may offer beyond that.

The instrument imports `adapters/<system>/adapter.py` and uses its `ADAPTER`. The measured processes
import `adapters/<system>/app.py`, which must offer `connect()` → a function (task, work) → the
library's own id of the task, and may offer `ask(task, work)` and `bulk(tasks)`, which raises
NotImplementedError where the version of the library that runs has no bulk call.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from bench.model.broker import KINDS
from bench.model.fault import Fault as Fault  # part of the contract: predictions are typed by it

Guarantee = Literal["at most once", "at least once"]
Slot = Literal["thread", "process", "parent", "none"]
# For the `brokers` of an adapter: all that speak the protocol of Redis.
REDISES = tuple(kind.name for kind in KINDS.values() if kind.family == "redis")
# For predictions: what these hold outlives a kill of their server.
SAVED = tuple(kind.name for kind in KINDS.values() if kind.saved)


@dataclass(frozen=True)
class Setting:
    """One setting, the page that documents it, and why it stands here, on `brokers` only if any."""

    name: str
    value: Any
    source: str
    why: str
    brokers: tuple[str, ...] = ()


# For the `installs` of a profile. The version is ours, so that base and head of a gate have one.
HIREDIS = Setting(
    "hiredis",
    "3.5.0",
    "https://github.com/redis/redis-py#installation",
    "replies of Redis are read in C; redis-py uses it wherever it finds it",
    brokers=REDISES,
)


@dataclass(frozen=True)
class Profile:
    """A named set of settings of one system.

    `slot` tells by what a slot can be known: its thread (or lasting greenlet), its process, the
    parent of its processes where each task has one of its own, or `none` where greenlets come and
    go. `light`: its slots are threads or greenlets of one process, of which a hundred are nothing
    unusual. `redis` is the broker unless an arm names another: `redis` or `redis-always`.

    `requires` are distributions that bench's own environment must have. `installs` are those that
    other profiles must not find beside them, by name and version: such an arm gets an environment
    of its own.
    """

    name: str
    summary: str
    guarantee: Guarantee
    results: bool
    slot: Slot
    settings: tuple[Setting, ...]
    redis: str = "redis"
    requires: tuple[str, ...] = ()
    light: bool = False
    installs: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class Route:
    """Where a task type of a workload wants its tasks.

    `queue` is its name in the workload, empty for the system's own queue. `priority` is low,
    normal or high, and empty where no type of that workload has one.
    """

    queue: str = ""
    priority: str = ""


@dataclass(frozen=True)
class Launch:
    """What a worker command is made from: the settings, overrides applied, and N slots.

    Of a workload also `app`, the module of its tasks, and the `routes` of its task types, each
    once, in the order of the file; without one the module is the adapter's own.
    """

    profile: str
    settings: Mapping[str, Any]
    slots: int
    broker: str = "redis"
    app: str = ""
    routes: tuple[Route, ...] = ()

    def flags(self) -> list[str]:
        """The settings with a leading dash as words of a command line; `N` is the slots."""
        return [
            str(word)
            for name, value in self.settings.items()
            if name.startswith("-")
            for word in (name, self.slots if value == "N" else value)
            if word is not True
        ]


@dataclass(frozen=True)
class Needs:
    """What a workload asks of a system beside running its tasks.

    `queues` and `priorities` are those that its types name, `retries` the most that one of them
    has, `limits` their time limits in seconds.
    """

    queues: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    retries: int = 0
    limits: tuple[float, ...] = ()


@dataclass(frozen=True)
class Command:
    """A main process as a user starts it; `argv[0]` is a program of the system's environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """Where the broker holds an unfinished task, and whether the system calls it failed."""

    place: str
    failed: bool = False


class Adapter(Protocol):
    """The required contract."""

    name: str
    version: int  # raised in the commit that can change a number of this system
    # Distributions to record and to ask for when missing: as pip is told, with extras that matter.
    packages: tuple[str, ...]
    app: str  # module that the measured processes import
    profiles: Mapping[str, Profile]
    brokers: tuple[str, ...]
    push_command: str  # the Redis command that each enqueue call issues once
    # Every key that the system may leave in a Redis, every table in a PostgreSQL.
    key_patterns: tuple[str, ...]

    def commands(self, launch: Launch) -> list[Command]:
        """The system's own worker commands that give N slots in all."""


@runtime_checkable
class Titled(Protocol):
    """The system writes itself otherwise than `name` does."""

    title: str


@runtime_checkable
class Ordered(Protocol):
    """The system has a place of its own in reports; those without one follow, by name."""

    order: int


@runtime_checkable
class Begins(Protocol):
    """The system's documentation begins with a broker, which need not be a Redis."""

    first_broker: str


@runtime_checkable
class Stops(Protocol):
    """The system's documentation names a signal for a graceful stop."""

    def graceful_signal(self, launch: Launch) -> str:
        """Its name, such as `SIGTERM`, for the worker commands of this launch."""


@runtime_checkable
class Bulk(Protocol):
    """The system has a public bulk call; app.py offers `bulk`."""

    bulk_call: str  # its name, for the report
    bulk_chunk: int  # tasks per call


@runtime_checkable
class BulkSomewhere(Bulk, Protocol):
    """Its bulk call is not offered on every broker."""

    bulk_brokers: tuple[str, ...]


@runtime_checkable
class Answers(Protocol):
    """The library has a call that waits for a result.

    app.py offers `ask(task, work)`: the plain call, then that one, at most 60 s.
    """

    answer_call: str  # its name, for the report
    answer_how: str  # how it learns of the result, and what it can be told to do otherwise


@runtime_checkable
class Holds(Protocol):
    """The adapter can tell where the broker holds a task."""

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held] | None:
        """Task id → where the broker holds it now, for the tasks asked for.

        A handle is the library's own id, or empty. None = it cannot be told while workers live;
        it is asked again when they are gone.
        """


@runtime_checkable
class Queues(Protocol):
    """The system's queues have names that a broker such as RabbitMQ counts by."""

    queues: tuple[str, ...]


@runtime_checkable
class TakesWorkloads(Protocol):
    """The system can run a reader's own load.

    `workload_app` is a module like app.py. Its `connect()` gives a function (task, work) that
    sends the no-op of app.py for the works of app.py, and for the number of a task type a task of
    that type, with what `bench.inprocess.workload_messages.message` says.
    """

    workload_app: str

    def lacks(self, launch: Launch, needs: Needs) -> str:
        """Why a worker started like that does not offer what a workload asks for; empty if it does.

        A sentence about the system, without a full stop.
        """


@runtime_checkable
class NamesQueues(Protocol):
    """The system has queues of any name: the tasks of a workload may go to several."""

    def queue_names(self, launch: Launch) -> tuple[str, ...]:
        """The queues of this launch as the broker knows them, the system's own included.

        In the order in which the worker command names them.
        """

    def held_in(
        self, broker: str, handles: Mapping[int, str], queues: Sequence[str]
    ) -> Mapping[int, Held] | None:
        """As `held`, where the tasks are on these queues and on no other."""


@runtime_checkable
class PushesOtherwise(Protocol):
    """Its enqueue call is another Redis command where a workload asks for it."""

    def push_command_of(self, launch: Launch) -> str:
        """As `push_command`, for the workers of this launch."""


@runtime_checkable
class ReadsVariables(Protocol):
    """The library, its command line or its client reads variables of the environment."""

    variables: tuple[str, ...]  # their names, `*` for any ending: those of the user are left out


@runtime_checkable
class Asks(Protocol):
    """Some brokers need distributions that the others do not."""

    broker_packages: Mapping[str, tuple[str, ...]]  # broker → what to install


@runtime_checkable
class Reads(Protocol):
    """The library can be asked where a URL leads, before anything is measured on a user's server.

    `reach` is a module. Run in the arm's environment, it opens the library's own connections with
    the URL that `bench.inprocess.cell_context.broker()` gives, as app.py would, and prints by
    `bench.inprocess.connection_target.print_targets` where they lead. Without it an arm finds out
    in its first cell that it cannot read the URL.
    """

    reach: str


@runtime_checkable
class Sends(Protocol):
    """The adapter can name the commands that its arms send a Redis: an ACL is checked first."""

    def redis_commands(self, launch: Launch, database: str) -> Sequence[str]:
        """One of each kind, as one would type it; `*` is what varies in a key. None is executed."""


@runtime_checkable
class Knows(Protocol):
    """The adapter can name settings beyond its profiles' that an arm may change in braces."""

    def known_settings(self) -> Collection[str]:
        """Their names, as the library spells them.

        Of a mapping: each spelling → the one that stands for it in profiles and in arms' names.
        """


def spellings(options: Iterable[Iterable[str]], profiles: Iterable[Profile]) -> dict[str, str]:
    """Each spelling of a command's options → the one that stands in a profile, or else the last.

    `options` has the spellings of each, such as `-w` and `--workers`; what has no dash is no
    option.
    """
    stated = {setting.name for profile in profiles for setting in profile.settings}
    found = {}
    for option in options:
        names = [name for name in option if name.startswith("-")]
        for name in names:
            found[name] = next((each for each in names if each in stated), names[-1])
    return found


@runtime_checkable
class Tries(Protocol):
    """Commands show, without a broker, whether this version's worker can do as an arm asks."""

    def tries(self, launch: Launch) -> list[Command]:
        """They end with 0 only where it can; the last line of what they say is the reason."""


@runtime_checkable
class Frees(Protocol):
    """There is a documented way for a human to put stuck or failed tasks back to work."""

    def free(self, launch: Launch) -> list[Command]:
        """The commands, as one would type them."""


@dataclass(frozen=True)
class Prediction:
    """What the documentation and the settings let one expect of a fault.

    `running` and `waiting` are the fates of what ran and of what waited: recovered, lost, failed,
    stuck, doubled. `work_s` = between these seconds after the fault the last of them has finished;
    None = never.
    """

    text: str
    running: str
    waiting: str
    work_s: tuple[float, float] | None = None
    timing: str = ""  # what of it hangs on a moment, and so may come out otherwise the next time


@runtime_checkable
class Predicts(Protocol):
    """The adapter can say from its settings what a fault should do."""

    def predict(self, fault: Fault, launch: Launch) -> Prediction | None:
        """What one may expect; None where neither documentation nor settings say."""
