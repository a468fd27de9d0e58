"""What reaches RQ from outside: a stranger's messages, web frameworks; and its package."""

from collections.abc import Iterable, Mapping
from functools import partial

from rq import Queue
from rq import serializers as rq_serializers

from adapters.rq.features import steps
from bench.inprocess.trials import harm, web
from bench.inprocess.trials.lab import Lab, Observation, parameters, public
from bench.inprocess.trials.package import package
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
MODULE = "adapters.rq.features.trial_app"


@TRIALS.each("security.pickle", {"as shipped": (), "JSONSerializer": ("--serializer", steps.JSON)})
def pickle(flags: tuple[str, ...], lab: Lab) -> Observation:
    """A crafted pickle in the queue of a worker that may have another serialiser."""
    system = steps.ready(lab, *flags)
    # Whoever can write to Redis writes what he likes, whatever the worker and its own clients
    # have agreed on.
    steps.Tried(lab).enqueue("echo", harm.crafted(lab), description="crafted")
    return harm.executed(system)


def _names(lab: Lab) -> Mapping[str, Iterable[str]]:
    """Where serialisers, calls and options would show a signature."""
    return {
        "rq.serializers": public(rq_serializers),
        "Queue": parameters(Queue.__init__),
        **steps.flags_of(lab, "worker"),
    }


TRIALS.lack("security.signing", r"sign|hmac|secret", _names)


@TRIALS.each(
    "security.credentials",
    {
        "rq worker -u URL": ("-u", "{url}"),
        "rq worker -c MODULE": steps.SETTINGS,
        "RQ_REDIS_URL": (),
    },
)
def credentials(flags: tuple[str, ...], lab: Lab) -> Observation:
    """The URL stands on the command line, in a settings module, or in a variable."""
    env = {} if flags else {"RQ_REDIS_URL": lab.broker}
    filled = (flag.format(url=lab.broker) for flag in flags)
    lab.start("rq", "worker", *filled, "default", env=env)
    return harm.leaks(steps.Tried(lab))


@TRIALS.of("web.fastapi", packages=("fastapi", "uvicorn"))
def fastapi(lab: Lab) -> Observation:
    """Enqueue by `enqueue` from an async endpoint."""
    return web.fastapi(lab, MODULE, steps.ready(lab, *steps.SIMPLE).queue.enqueue)


@TRIALS.of("web.django", packages=("django",))
def django(lab: Lab) -> Observation:
    """Enqueue by `enqueue` from a view."""
    return web.django(steps.ready(lab, *steps.SIMPLE, "--quiet", "--results-ttl", "0"))


TRIALS.of("community.package", broker="none")(partial(package, "rq"))
