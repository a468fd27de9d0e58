"""What little AMQP tells of a RabbitMQ: its version, and how many messages wait in a queue."""

import time
from collections.abc import Sequence
from typing import Any

from bench.brokers.contract import Counters
from bench.model.manifest import ServerRecord

SETTLED_S = 2.0


class QueueConnection:
    """An AMQP connection of the instrument's own, which is opened when it is first needed."""

    def __init__(self, url: str, names: Sequence[str]) -> None:
        self.url, self.names = url, names
        self._connection: Any = None  # py-amqp ships no types

    def connect(self) -> Any:
        """The open connection; whatever py-amqp raises if there is none to be had."""
        if self._connection is None:
            # Kombu comes with celery, the only system that speaks AMQP, and reads its URLs.
            from kombu.connection import Connection

            untyped: Any = Connection
            transport = untyped(self.url, connect_timeout=2, heartbeat=0).transport
            self._connection = transport.establish_connection()
        return self._connection

    def waiting(self) -> int | None:
        """Messages ready in all of the queues, once two looks agree; None if nobody answers.

        A publish without a confirm returns before the message has arrived.
        """
        before, count, deadline = None, self._count(), time.monotonic() + SETTLED_S
        while count is not None and count != before and time.monotonic() < deadline:
            time.sleep(0.02)
            before, count = count, self._count()
        return count

    def _count(self) -> int | None:
        """A queue that is not there holds none; None if nobody answers."""
        import amqp

        try:
            return sum(self.ready(name) or 0 for name in self.names)
        except (amqp.AMQPError, OSError):
            self.close()
            return None

    def ready(self, name: str) -> int | None:
        """Messages ready in this queue; None if there is none of that name."""
        import amqp

        try:
            queue = self.connect().channel().queue_declare(queue=name, passive=True)
        except amqp.NotFound:
            return None
        return int(queue.message_count)

    def close(self) -> None:
        """Close the connection, whatever its state; the next question opens another."""
        if self._connection is not None:
            try:
                self._connection.close()
            except Exception:  # the other side may be gone in any way
                pass
            self._connection = None


class RabbitBroker:
    """A RabbitMQ, whoever started it, as far as its queues and its greeting tell."""

    queues: QueueConnection
    origin: str

    def counters(self, edge: bool) -> Counters | None:
        """How many messages wait, at the edges of phases.

        Nothing else is to be had without disturbing it.
        """
        return Counters(messages=self.queues.waiting()) if edge else Counters()

    def describe(self) -> ServerRecord:
        """The version in its greeting."""
        greeted = self.queues.connect().server_properties.get("version", "")
        version = greeted.decode() if isinstance(greeted, bytes) else str(greeted)
        return ServerRecord(name="rabbitmq", version=version, origin=self.origin)

    def close(self) -> None:
        """Close our connection."""
        self.queues.close()
