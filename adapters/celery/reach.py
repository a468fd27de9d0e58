"""Where Celery's broker and result backend lead; its own Kombu reads the one, itself the other."""

from celery import Celery

from bench.inprocess.cell_context import broker
from bench.inprocess.connection_target import Targets, print_targets, redis_target


def ask() -> Targets:
    """Connect to broker and result backend as app.py does; where each connection leads."""
    url = broker()
    app = Celery("bench", broker=url)
    with app.connection_for_write(connect_timeout=5) as connection:
        connection.connect()
        if url.startswith(("amqp", "pyamqp")):
            info = connection.info()
            return [(f"{info['hostname'].lower()}:{info['port']}", info["virtual_host"])]
        backend = Celery("bench", broker=url, backend=url).backend
        return [redis_target(connection.default_channel.client), redis_target(backend.client)]


if __name__ == "__main__":
    print_targets(ask)
