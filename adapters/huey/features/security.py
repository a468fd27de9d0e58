"""What a worker does with messages that somebody else wrote, and where credentials show."""

from typing import Any
from urllib.parse import urlsplit

import redis
from huey import RedisHuey

from adapters.huey.features import steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.harm import Crafted
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.secrets import shown
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
SECRET = "a secret of this trial"


def _crafted(lab: Lab, module: Any) -> Observation:
    """From an instance with the serialiser as shipped, whatever the consumer's is."""
    steps.consumer(lab, module)
    marker = lab.folder / "executed"
    stranger = RedisHuey("trial", url=lab.broker)
    stranger.task(name="echo")(tasks.echo)(Crafted(marker))
    module.TASKS["touch"]("works")
    lab.until(lambda: bool(lab.marks("works")), 4)
    return {"executed": marker.exists(), "works": bool(lab.marks("works"))}


@TRIALS.of("security.pickle", "as shipped")
def pickle(lab: Lab) -> Observation:
    """Pickle is the serialiser as shipped."""
    return _crafted(lab, steps.app(lab))


@TRIALS.of("security.pickle", "SignedSerializer")
def signed_pickle(lab: Lab) -> Observation:
    """Only what bears the signature is unpickled."""
    return _crafted(lab, steps.app(lab, secret=SECRET))


@TRIALS.of("security.signing")
def signing(lab: Lab) -> Observation:
    """SignedSerializer: a message is changed in the broker before the consumer sees it."""
    module = steps.app(lab, secret=SECRET)
    module.TASKS["touch"]("valid")
    module.TASKS["touch"]("tampered")
    client: Any = redis.Redis.from_url(lab.broker)
    key = module.huey.storage.queue_key
    message = bytearray(client.lindex(key, 0))
    message[len(message) // 2] ^= 1
    client.lset(key, 0, bytes(message))
    steps.start(lab)
    lab.wait(1, "valid", 6)
    lab.until(lambda: bool(lab.marks("tampered")), 1.5)
    return {"valid_ran": bool(lab.marks("valid")), "tampered_ran": bool(lab.marks("tampered"))}


@TRIALS.of("security.credentials")
def credentials(lab: Lab) -> Observation:
    """The URL stands in the application; the consumer has no option for it."""
    module = steps.app(lab)
    steps.start(lab, "-v")
    module.TASKS["touch"]("used")
    lab.wait(1, "used", 10)
    return shown(lab, str(urlsplit(lab.broker).password))
