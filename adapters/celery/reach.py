"""Where Celery's broker and result backend lead; its own Kombu reads the one, itself the other."""

from celery import Celery
from kombu.connection import Connection

from bench.inprocess.cell_context import broker
from bench.inprocess.connection_target import Targets, pinged, print_targets, redis_target


def ask() -> Targets:
    """Connect to broker and result backend as app.py does; where each connection leads."""
    url = broker()
    app = Celery("bench", broker=url)
    with app.connection_for_write(connect_timeout=5) as connection:
        connection.connect()
        if url.startswith(("amqp", "pyamqp")):
            return [_rabbit(connection)]
        client = connection.default_channel.client
        pinged(client)
        backend = Celery("bench", broker=url, backend=url).backend
        pinged(backend.client)
        pools = (client.connection_pool, backend.client.connection_pool)
        return [redis_target(pool.connection_kwargs) for pool in pools]


def _rabbit(connection: Connection) -> tuple[str, object]:
    info = connection.info()  # type: ignore[no-untyped-call]
    return f"{info['hostname'].lower()}:{info['port']}", info["virtual_host"]


if __name__ == "__main__":
    print_targets(ask)
