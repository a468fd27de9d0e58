"""A virtual host of the user's RabbitMQ: the system's queues must not be there yet."""

import ssl
from collections.abc import Sequence
from urllib.parse import unquote

from bench.base.errors import UsageError
from bench.brokers.contract import Place
from bench.brokers.rabbitmq.connection import QueueConnection, RabbitBroker
from bench.brokers.servers import GivenServer
from bench.brokers.urls import cleaned, read_given
from bench.model.arm import Arm
from bench.model.broker import SCHEMES

FORM = "amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://… with TLS"


def checked(url: str) -> Place:
    """Where the URL leads; UsageError with what to write if clients could read it differently."""
    parts = read_given(
        url, "rabbitmq", FORM, more=", and %2F for a / in the name of the virtual host"
    )
    if parts.query:
        raise UsageError(f"--rabbitmq takes no options behind a ?: write {FORM}")
    if "/" in parts.path[1:] and parts.path != "//":
        raise UsageError("the virtual host of --rabbitmq has a / in its name: write it as %2F")
    vhost = unquote(parts.path[1:]) or "/"
    return Place.of(parts.host, parts.port or SCHEMES[parts.scheme].port, vhost)


class OwnRabbit(RabbitBroker, GivenServer):
    """It is asked for queues by name; what it declares for a check goes with its connection."""

    family = "rabbitmq"
    origin = "--rabbitmq"

    def __init__(self, url: str, queues: Sequence[str]) -> None:
        super().__init__(url)
        self.place = checked(url)
        self.queues = QueueConnection(url, queues)

    def start(self) -> None:
        """Reach it, and refuse one in which a queue of that name exists."""
        import amqp

        try:
            self.queues.connect()
            existing = [name for name in self.queues.names if self.queues.ready(name) is not None]
        except (amqp.AMQPError, OSError, ValueError) as error:
            raise UsageError(f"{self.name} {self._reason(error)}") from None
        if existing:
            raise UsageError(
                f"the virtual host of {self.name} has a queue {existing[0]!r}: "
                f"give an empty virtual host; nothing was touched"
            )

    def _reason(self, error: Exception) -> str:
        import amqp

        words = cleaned(error, self.url)[:160]
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"has a certificate that is not accepted ({error.verify_message}): use the name "
                f"that stands in it, and name its authority in the variable SSL_CERT_FILE"
            )
        if isinstance(error, amqp.AccessRefused):
            return f"refuses the user or the password ({words}): check the URL of --rabbitmq"
        if isinstance(error, amqp.AMQPError):
            return f"says {words!r}: check the URL of --rabbitmq"
        return f"cannot be reached ({type(error).__name__}): start it, or correct --rabbitmq"

    def check_rights(self, arm: Arm) -> None:
        """Declare each queue for this connection alone, publish to it, read from it, delete it."""
        import amqp

        try:
            for name in self.queues.names:
                channel = self.queues.connect().channel()
                channel.queue_declare(queue=name, exclusive=True, auto_delete=True)
                channel.basic_publish(amqp.Message(""), routing_key=name)
                channel.basic_get(queue=name, no_ack=True)
                channel.queue_delete(queue=name)
        except (amqp.AMQPError, OSError) as error:
            words = cleaned(error, self.url)[:160]
            raise UsageError(
                f"{self.name} does not let its user do what {arm.name} needs ({words}): "
                f"rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'"
            ) from None
        finally:
            self.queues.close()

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Delete the system's queues; what else it declared goes when its last client leaves."""
        import amqp

        for name in self.queues.names:
            try:
                self.queues.connect().channel().queue_delete(queue=name)
            except (amqp.AMQPError, OSError) as error:
                words = cleaned(error, self.url)[:120]
                raise UsageError(
                    f"the queue {name!r} of {self.name} could not be deleted "
                    f"({type(error).__name__}: {words}): delete it, then go on with --resume"
                ) from None
