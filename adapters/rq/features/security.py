"""What a worker does with messages that somebody else wrote, and where credentials show."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from rq import Queue
from rq import serializers as rq_serializers

from adapters.rq.features import steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.harm import Crafted
from bench.inprocess.trials.lab import Lab, Observation, absent, options, parameters
from bench.inprocess.trials.secrets import shown
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
JSON = "rq.serializers.JSONSerializer"


def _pickle(*flags: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        steps.worker(lab, *flags)
        marker = lab.folder / "executed"
        # Whoever can write to Redis writes what he likes, whatever the worker and its own clients
        # have agreed on.
        steps.queue(lab).enqueue(tasks.echo, Crafted(marker), description="crafted")
        options_: dict[str, Any] = {"serializer": JSON} if flags else {}
        steps.queue(lab, **options_).enqueue(tasks.touch, "works")
        lab.until(lambda: bool(lab.marks("works")), 4)
        return {"executed": marker.exists(), "works": bool(lab.marks("works"))}

    return carry_out


TRIALS.of("security.pickle", "as shipped")(_pickle())
TRIALS.of("security.pickle", "JSONSerializer")(_pickle("--serializer", JSON))


@TRIALS.of("security.signing", broker="none")
def signing(lab: Lab) -> Observation:
    """Nothing of the kind is looked for in serialisers, calls and options."""
    places: dict[str, Any] = {
        "rq.serializers": [name for name in dir(rq_serializers) if not name.startswith("_")],
        "Queue": parameters(Queue.__init__),
    }
    return absent(
        r"sign|hmac|secret",
        {**places, "`rq worker --help`": options(lab.run("rq", "worker", "--help"))},
    )


def _credentials(
    flags: Callable[[str], tuple[str, ...]], env: Callable[[str], dict[str, str]] = lambda url: {}
) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        lab.start("rq", "worker", *flags(lab.broker), "default", env=env(lab.broker))
        steps.queue(lab).enqueue(tasks.touch, "used")
        lab.wait(1, "used", 10)
        return shown(lab, str(urlsplit(lab.broker).password))

    return carry_out


TRIALS.of("security.credentials", "rq worker -u URL")(_credentials(lambda url: ("-u", url)))
TRIALS.of("security.credentials", "rq worker -c MODULE")(_credentials(lambda url: steps.SETTINGS))
TRIALS.of("security.credentials", "RQ_REDIS_URL")(
    _credentials(lambda url: (), lambda url: {"RQ_REDIS_URL": url})
)
