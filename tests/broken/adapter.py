"""It is RQ but for its name, so that its trials are found apart."""

from adapters.rq.adapter import Rq


class Broken(Rq):
    name = "broken"
    version = 1


ADAPTER = Broken()
