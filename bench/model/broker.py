"""The kinds of brokers: what is known of them where none can be started.

The live part of each lies in bench/brokers, in the module that is called as its family.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Scheme:
    """How the URL of a user's server may begin; `port` where it names none, 0 for a socket."""

    name: str
    port: int
    tls: bool = False


@dataclass(frozen=True)
class BrokerKind:
    """One server program, set up in one way.

    Each family has a kind of its own name: a user may give a server of theirs for that one, if it
    has schemes. `url` leads to a broker, of which `{who}` is USER:PASSWORD@HOST:PORT and `{folder}`
    where its files lie. `client` is the module whose errors are the broker's. `counts`: it tells
    how many commands it was sent. `saved`: what it holds outlives a kill of its server.
    """

    name: str
    family: str
    title: str  # of the program, as sentences name it
    url: str
    client: str = ""
    schemes: tuple[Scheme, ...] = ()
    server: bool = True
    counts: bool = False
    saved: bool = False

    @property
    def uncounted(self) -> str:
        """Why its commands are not known; empty where it counts them."""
        if not self.server:
            return f"{self.title} has no server"
        return "" if self.counts else f"{self.title} counts no commands"


_REDIS = BrokerKind(
    "redis",
    "redis",
    "Redis",
    "redis://{who}/0",
    client="redis",
    schemes=(Scheme("redis", 6379), Scheme("rediss", 6379, tls=True), Scheme("unix", 0)),
    counts=True,
)
_ALL = (
    _REDIS,
    replace(_REDIS, name="redis-everysec", saved=True),
    replace(_REDIS, name="redis-always", saved=True),
    replace(_REDIS, name="valkey", title="Valkey"),
    BrokerKind(
        "rabbitmq",
        "rabbitmq",
        "RabbitMQ",
        "amqp://{who}//",
        client="amqp",
        schemes=(Scheme("amqp", 5672), Scheme("amqps", 5671, tls=True), Scheme("pyamqp", 5672)),
        saved=True,
    ),
    BrokerKind("sqlite", "sqlite", "SQLite", "sqlite://{folder}/queue.db", server=False),
    BrokerKind(
        "postgres",
        "postgres",
        "PostgreSQL",
        "postgresql://{who}/postgres",
        client="psycopg",
        schemes=(Scheme("postgresql", 5432), Scheme("postgres", 5432)),
        saved=True,
    ),
)
KINDS: Mapping[str, BrokerKind] = {kind.name: kind for kind in _ALL}
FAMILIES = tuple(dict.fromkeys(kind.family for kind in _ALL))
SCHEMES: Mapping[str, Scheme] = {each.name: each for kind in _ALL for each in kind.schemes}
MAIN = "redis"  # what most arms run on: where it is missing, nothing is measured


def family_of_scheme(scheme: str) -> str:
    """The family whose servers have URLs that begin so; KeyError if none has."""
    return {each.name: kind.family for kind in _ALL for each in kind.schemes}[scheme]


def family_of(name: str) -> str:
    """The family of a kind; a name that a stored run has and we do not know is its own."""
    return KINDS[name].family if name in KINDS else name
