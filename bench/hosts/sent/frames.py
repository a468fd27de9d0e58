"""What goes over a channel: a JSON document and the bytes that belong to it. Standard library only.

Bytes as they are: event files and code would grow by a third in JSON, and cost CPU on the host.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]  # an order, an answer or a report, as its kind says
_LENGTHS = struct.Struct(">II")  # of the document and of the bytes
MOST = 1 << 28  # a longer piece is no frame of ours: something else has written to the stream


class NoFrame(ValueError):
    """What came is not in frames: its first bytes are told, such as a shell's greeting."""


def frame(document: Document, payload: bytes = b"") -> bytes:
    """One frame, ready to be written."""
    text = json.dumps(document).encode()
    return _LENGTHS.pack(len(text), len(payload)) + text + payload


class Frames:
    """Frames out of a stream that comes in pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> Iterator[tuple[Document, bytes]]:
        """The frames that are whole now; NoFrame where the stream holds something else."""
        self._buffer += piece
        while len(self._buffer) >= _LENGTHS.size:
            text, payload = _LENGTHS.unpack_from(self._buffer)
            if text > MOST or payload > MOST:
                raise NoFrame(bytes(self._buffer[:200]).decode(errors="replace"))
            end = _LENGTHS.size + text + payload
            if len(self._buffer) < end:
                return
            whole = bytes(self._buffer[:end])
            del self._buffer[:end]
            behind = _LENGTHS.size + text
            yield json.loads(whole[_LENGTHS.size : behind]), whole[behind:]
