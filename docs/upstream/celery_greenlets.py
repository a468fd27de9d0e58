"""Celery: every greenlet that stores or calls makes a backend of its own, with its connections.

pip install "celery[redis]" gevent; python celery_greenlets.py redis://127.0.0.1:6379/0
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

import celery  # noqa: E402
import redis  # noqa: E402
from gevent.pool import Pool  # noqa: E402

url = sys.argv[1]
client = redis.Redis.from_url(url)


def connections_made(thread_safe: bool, greenlets: int = 1000) -> int:
    app = celery.Celery(broker=url, backend=url)
    app.conf.result_backend_thread_safe = thread_safe
    before = client.info("stats")["total_connections_received"]

    def store(number: int) -> None:
        app.backend.store_result(f"id-{number}", None, "SUCCESS")

    pool = Pool(100)  # as many at once as `celery worker -P gevent -c 100`
    pool.map(store, range(greenlets))
    return int(client.info("stats")["total_connections_received"] - before)


shipped, safe = connections_made(False), connections_made(True)
verdict = "still there" if shipped > 500 else "gone"
figures = f"{shipped} connections for 1,000 greenlets, {safe} with result_backend_thread_safe"
print(f"{verdict} in celery {celery.__version__}: {figures}")
