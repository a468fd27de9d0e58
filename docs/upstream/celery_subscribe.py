"""Celery with results in Redis: nobody reads what Redis answers to the caller's SUBSCRIBE.

pip install "celery[redis]"; python celery_subscribe.py redis://127.0.0.1:6379/0 [stall]
"""

import fcntl
import sys
import termios
import time

import celery

url = sys.argv[1]
app = celery.Celery(broker=url, backend=url)


@app.task
def nothing() -> None:
    pass


def unread_bytes() -> int:
    connection = app.backend.result_consumer._pubsub.connection
    return int.from_bytes(fcntl.ioctl(connection._sock, termios.FIONREAD, bytes(4)), sys.byteorder)


calls = 5000
for _ in range(calls):
    nothing.delay()
time.sleep(0.5)
each = unread_bytes() / calls
verdict = "still there" if each > 50 else "gone"
print(f"{verdict} in celery {celery.__version__}: {each:.0f} bytes per call lie unread")

while "stall" in sys.argv:  # until the receive buffer is full: minutes, some 160,000 calls
    began = time.monotonic()
    nothing.delay()
    calls += 1
    if time.monotonic() - began > 10:
        sys.exit(f"call {calls} took {time.monotonic() - began:.0f} s")
