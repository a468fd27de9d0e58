"""What little AMQP tells of a RabbitMQ: its version, and how many messages wait in a queue."""

import time
from collections.abc import Sequence
from typing import Any

SETTLED_S = 2.0


class QueueConnection:
    """An AMQP connection of the instrument's own, which is opened when it is first needed."""

    def __init__(self, url: str, names: Sequence[str]) -> None:
        self.url, self.names = url, names
        self._connection: Any = None

    def connect(self) -> Any:
        """The open connection; whatever py-amqp raises if there is none to be had."""
        if self._connection is None:
            # Kombu comes with celery, the only system that speaks AMQP, and reads its URLs.
            from kombu.connection import Connection

            untyped: Any = Connection
            settings = untyped(self.url, connect_timeout=2, heartbeat=0)
            self._connection = settings.transport.establish_connection()
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

        count = 0
        for name in self.names:
            try:
                count += int(
                    self.connect().channel().queue_declare(queue=name, passive=True).message_count
                )
            except amqp.NotFound:
                continue
            except (amqp.AMQPError, OSError):
                self.close()
                return None
        return count

    def close(self) -> None:
        """Close the connection, whatever its state; the next question opens another."""
        if self._connection is not None:
            try:
                self._connection.close()
            except Exception:  # the other side may be gone in any way
                pass
            self._connection = None


def version_of(queues: QueueConnection) -> str:
    """What the server says of itself when it greets a client."""
    version = queues.connect().server_properties.get("version", "")
    return str(version.decode() if isinstance(version, bytes) else version)
