"""The way to a far keeper through a Dask cluster: a program whose streams are the keeper's.

`python -m bench.hosts.dask_relay SCHEDULER WORKER`. An actor on that worker starts the keeper,
whose parent is the worker then: if that is killed, its pipe closes and the keeper ends all at once.
If this program is killed instead nobody gives the keeper its stamps back, and its lease is over.
Without a worker it says which ones there are, a line each.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from bench.hosts.sent_keeper import python_command

LOOK_S = 10.0  # so long the actor waits for something to read before it says that there is nothing
CONNECT_S = 3.0
PIECE = 1 << 20


class KeeperActor:
    """A keeper on the worker's host; it is sent by value, for bench is not installed there."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.process: Any = None

    async def listen(self, host: str) -> tuple[int, bytes]:
        """(a port of this address, a token): whoever connects there within `CONNECT_S` and says the
        token has the keeper's streams, and Dask has nothing to carry."""
        import asyncio
        import secrets
        import socket

        self.server = socket.create_server((host, 0), backlog=1)
        self.server.setblocking(False)
        self.token = secrets.token_bytes(32)
        self.accepting = asyncio.get_running_loop().create_task(self._accept())
        return self.server.getsockname()[1], self.token

    async def _accept(self) -> None:
        """Start the keeper on a connection; we hold a pipe to it, which tells it of our end."""
        import asyncio
        import os
        import secrets
        import sys

        loop = asyncio.get_running_loop()
        with self.server:
            connection, _ = await asyncio.wait_for(loop.sock_accept(self.server), CONNECT_S)
        said = b""
        while len(said) < len(self.token):
            piece = await asyncio.wait_for(loop.sock_recv(connection, 64), CONNECT_S)
            if not piece:
                break
            said += piece
        if not secrets.compare_digest(said, self.token):
            connection.close()
            return
        ours, self.lifeline = os.pipe()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.argv[1:],
            stdin=connection.fileno(),
            stdout=connection.fileno(),
            start_new_session=True,
            pass_fds=[ours],
            env={**os.environ, "QUEUE_BENCH_LIFELINE": str(ours)},
        )
        os.close(ours)
        connection.close()

    async def start(self) -> None:
        """With the worker's own Python, its streams carried by Dask."""
        import asyncio
        import sys

        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.argv[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=1 << 24,
        )

    async def write(self, piece: bytes) -> None:
        """To the keeper; nothing closes its pipe."""
        if piece:
            self.process.stdin.write(piece)
            await self.process.stdin.drain()
        else:
            self.process.stdin.close()

    async def read(self, most: int, wait_s: float) -> bytes | None:
        """What the keeper says; None where it says nothing for so long, empty at its end."""
        import asyncio

        try:
            return bytes(await asyncio.wait_for(self.process.stdout.read(most), wait_s))
        except asyncio.TimeoutError:  # noqa: UP041  (of Python 3.10 it is another class)
            return None


async def relay(scheduler: str, worker: str) -> None:
    """Between our streams and the keeper, until one of them ends."""
    import cloudpickle
    from distributed import Client

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    async with Client(scheduler, asynchronous=True, timeout="10s") as client:
        argv = python_command(sys.executable, sys.version_info[:2])
        made = client.submit(
            KeeperActor, argv, actor=True, workers=[worker], allow_other_workers=False, pure=False
        )
        actor = await made
        # What Dask would encrypt is left to Dask.
        direct = None if scheduler.startswith("tls:") else await _direct(actor, worker)
        if direct is not None:
            await _by_socket(*direct)
        else:
            await _by_dask(actor)


async def _direct(
    actor: Any, worker: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the keeper itself; None where there is no way to the worker's host but Dask.

    A round trip through Dask takes 1.6 ms of a core from what is measured, and there would be
    twenty of them a second.
    """
    host = urlsplit(worker).hostname or ""
    try:
        port, token = await actor.listen(host)
        opening = asyncio.open_connection(host, port)
        reader, writer = await asyncio.wait_for(opening, CONNECT_S)
    except (OSError, TimeoutError):
        return None
    writer.write(token)
    return reader, writer


async def _by_socket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async def out() -> None:
        while piece := await reader.read(PIECE):
            _all(piece)

    async def into() -> None:
        loop = asyncio.get_running_loop()
        while piece := await loop.run_in_executor(None, os.read, 0, PIECE):
            writer.write(piece)
            await writer.drain()

    await _until_one_ends(out(), into())
    writer.close()


async def _by_dask(actor: Any) -> None:
    await actor.start()
    await _until_one_ends(_out(actor), _in(actor))
    with suppress(Exception):
        await asyncio.wait_for(actor.write(b""), 2)


async def _until_one_ends(*ways: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.create_task(each) for each in ways]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def workers(scheduler: str) -> None:
    """Print the address of each."""
    from distributed import Client

    async with Client(scheduler, asynchronous=True, timeout="10s") as client:
        for each in (await client.scheduler.identity(n_workers=-1))["workers"]:
            print(each)


async def _out(actor: Any) -> None:
    while (piece := await actor.read(PIECE, LOOK_S)) != b"":
        if piece:
            _all(piece)


def _all(piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(1, left) :]


async def _in(actor: Any) -> None:
    loop = asyncio.get_running_loop()
    while piece := await loop.run_in_executor(None, os.read, 0, PIECE):
        await actor.write(piece)


def main() -> None:
    """One line for whoever asked, and no traceback, where there is no cluster."""
    try:
        asyncio.run(workers(sys.argv[1]) if len(sys.argv) < 3 else relay(*sys.argv[1:3]))
    except ImportError as error:
        sys.exit(f"{error.name} is not installed: pip install 'queue-bench[dask]'")
    except (OSError, TimeoutError, ValueError) as error:
        sys.exit(f"{sys.argv[1]}: {' '.join(str(error).split()) or type(error).__name__}"[:300])


if __name__ == "__main__":
    main()
