"""What reaches Huey from outside: a stranger's messages, web frameworks; and its package."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import redis
from huey import RedisHuey

from adapters.huey.features import steps
from bench.inprocess.trials import harm, tasks, web
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.package import package
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
SIGNED = {"secret": "a secret of this trial"}


@TRIALS.each("security.pickle", {"as shipped": {}, "SignedSerializer": SIGNED})
def pickle(settings: Mapping[str, str], lab: Lab) -> Observation:
    """From an instance with the serialiser as shipped, whatever the consumer's is."""
    system = steps.ready(lab, **settings)
    stranger = RedisHuey("trial", url=lab.broker)
    stranger.task(name="echo")(tasks.echo)(harm.crafted(lab))
    return harm.executed(system)


@TRIALS.of("security.signing")
def signing(lab: Lab) -> Observation:
    """SignedSerializer: a message is changed in the broker before the consumer sees it."""
    system = steps.Tried(lab, **SIGNED)
    for name in ("valid", "tampered"):
        system.enqueue("touch", name)
    client: Any = redis.Redis.from_url(lab.broker)
    key = system.huey.storage.queue_key
    client.lset(key, 0, harm.flipped(client.lindex(key, 0)))
    system.start()
    return harm.signed(lab)


@TRIALS.of("security.credentials")
def credentials(lab: Lab) -> Observation:
    """The URL stands in the application; the consumer has no option for it."""
    system = steps.Tried(lab)
    system.start("-v")
    return harm.leaks(system)


@TRIALS.of("web.fastapi", packages=("fastapi", "uvicorn"))
def fastapi(lab: Lab) -> Observation:
    """The decorated function, called in an async endpoint."""
    return web.fastapi(lab, steps.MODULE, steps.ready(lab).task("touch"))


@TRIALS.of("web.django", packages=("django",))
def django(lab: Lab) -> Observation:
    """The decorated function, called in a view."""
    return web.django(steps.ready(lab, "-q"))


TRIALS.of("community.package", broker="none")(partial(package, "huey"))
