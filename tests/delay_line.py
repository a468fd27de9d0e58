"""A network between two namespaces that takes as long each way as it is told; see clock_trials.py.

A TUN device in each of them, and a process that hands packets over when their time has come.
"""

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
ADDRESSES = ("10.218.0.1", "10.218.0.2")


def device(pid: int, address: str) -> int:
    """A TUN device in the network namespace of a process, up and with this address."""
    with open(f"/proc/{pid}/ns/net", "rb") as space:
        if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", b"line", IFF_TUN | IFF_NO_PI))
    for order in (f"addr add {address}/24 dev line", "link set line up"):
        subprocess.run(["ip", *order.split()], check=True)
    return end


def carry(ends: tuple[int, int], delays_s: tuple[float, float]) -> None:
    """For good: `delays_s` are those of what comes in at the one end and at the other."""
    waiting: tuple[deque[tuple[float, bytes]], ...] = (deque(), deque())
    while True:
        dues = [queue[0][0] for queue in waiting if queue]
        left = max(0.0, min(dues) - time.monotonic()) if dues else None
        for end in select.select(ends, [], [], left)[0]:
            side = ends.index(end)
            waiting[side].append((time.monotonic() + delays_s[side], os.read(end, 65536)))
        for side, queue in enumerate(waiting):
            while queue and queue[0][0] <= time.monotonic():
                os.write(ends[1 - side], queue.popleft()[1])


def main(pids: list[str], delays_ms: list[str]) -> None:
    one, other = (device(int(pid), address) for pid, address in zip(pids, ADDRESSES, strict=True))
    print("ready", flush=True)
    carry((one, other), (float(delays_ms[0]) / 1e3, float(delays_ms[1]) / 1e3))


if __name__ == "__main__":
    main(sys.argv[1:3], sys.argv[3:5])
