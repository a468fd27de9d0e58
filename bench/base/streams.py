"""Standard output and error: they show what the terminal can, and say when nobody reads them."""

import codecs
import errno
import io
import os
import select
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TextIO

from bench.base.errors import EXIT_READER_LEFT, EXIT_USAGE, BenchError, one_line, worst

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

HANDLER = "nearest"  # of errors in encoding: the nearest ASCII of a sign
_SIGNS = {
    **dict.fromkeys("–—―‐‑‒−─━", "-"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‘’‚‛‹›′", "'"),
    **dict.fromkeys("·•●■▲◆▼✚∙⋅", "*"),
    **dict.fromkeys("×✕✗✘", "x"),
    **dict.fromkeys("│┃¦", "|"),
    **{"✓": "+", "÷": "/", "⁄": "/", "→": "->", "←": "<-", "↔": "<->", "⇒": "=>"},
    **{"≥": ">=", "≤": "<=", "≈": "~", "≠": "!=", "±": "+-", "∞": "inf", "√": "sqrt", "°": "deg"},
    **{"µ": "u", "μ": "u", "α": "alpha", "λ": "lambda", "ρ": "rho", "σ": "sigma", "Σ": "sum"},
    **{"φ": "phi", "χ": "chi", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "€": "EUR"},
    **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*##", strict=True)),
}
_NAMES = ("stdout", "stderr")
_ends: list["_End"] = []


class OutputLost(BaseException):
    """What was to be printed cannot be. No `Exception`: no cell and no library may swallow it.

    `exit_code` is 141 and the text empty where the reader has left, else 64 and the reason.
    """

    def __init__(self, error: OSError, name: str) -> None:
        # A terminal that was closed gives EIO.
        left = error.errno in (errno.EPIPE, errno.EIO)
        self.exit_code = EXIT_READER_LEFT if left else EXIT_USAGE
        what = {"stdout": "standard output", "stderr": "standard error"}[name]
        super().__init__(
            ""
            if left
            else f"{what} cannot be written ({error.strerror}): give it a place with room"
        )


class _End(io.FileIO):
    """The raw end of a stream. Once it cannot be written, all further words go to /dev/null."""

    def __init__(self, fd: int, stream: str) -> None:
        super().__init__(fd, "wb", closefd=False)
        self._stream = stream
        self._lost: OutputLost | None = None
        self._said = False

    def write(self, words: "ReadableBuffer", /) -> int:
        if self._lost is None:
            try:
                return self._written(words)
            except OSError as error:
                self._lose(error)
        self._say()
        return memoryview(words).nbytes

    def look(self) -> None:
        """Find out without a word whether there still is a reader."""
        if self._lost is None:
            poll = select.poll()
            poll.register(self, 0)  # what tells of a reader who left is told unasked
            if poll.poll(0):
                self._lose(OSError(errno.EPIPE, "Broken pipe"))
        self._say()

    def _lose(self, error: OSError) -> None:
        self._lost = OutputLost(error, self._stream)
        # Cleaning up may print, and the interpreter flushes once more at its end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)

    def _say(self) -> None:
        # In another thread it would end that thread alone: the main one says it at its next word.
        in_main = threading.current_thread() is threading.main_thread()
        if self._lost and in_main and not self._said:
            self._said = True
            raise self._lost

    def _written(self, words: "ReadableBuffer") -> int:
        while True:
            done: int | None = super().write(words)
            if done is not None:
                return done
            # Somebody has made our end of a shared pipe non-blocking, and it is full.
            select.select([], [self], [])


def prepare() -> None:
    """Put streams in place of Python's own that raise OutputLost and, but for it, nothing."""
    for name in _NAMES:
        stream = getattr(sys, name)
        if stream is None:
            # Closed by whoever started us. The next file that is opened would become it.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _in_place_of(stream, name))
    if sys.stdin is not None and isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _in_place_of(stream: TextIO, name: str) -> TextIO:
    assert isinstance(stream, io.TextIOWrapper)
    _ends.append(_End(stream.fileno(), name))
    return io.TextIOWrapper(
        io.BufferedWriter(_ends[-1]),
        encoding=stream.encoding,
        errors=HANDLER,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def flush() -> None:
    """Hand on what was printed; OutputLost if nobody takes it."""
    for name in _NAMES:
        getattr(sys, name).flush()


def look() -> None:
    """OutputLost if a reader has left meanwhile: who prints a line in ten minutes learns it now."""
    for end in _ends:
        end.look()


def utf8(text: str) -> bool:
    """Whether standard output takes this text in UTF-8, sign by sign."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"


def document(text: str) -> None:
    """Write a document for a machine: always in UTF-8, unless it is a terminal that gets it."""
    out = sys.stdout
    if out.isatty() or not hasattr(out, "buffer"):
        out.write(text)
        return
    out.flush()
    out.buffer.write(text.encode(errors="replace"))


def undecodable(words: Iterable[str], variables: Mapping[str, str]) -> str:
    """The first argument or variable that is no text in the locale's encoding, or nothing."""
    named = [(f"the argument '{word}'", word) for word in words]
    named += [(f"the variable {name}", value) for name, value in variables.items()]
    return next(
        (
            nearest(what)
            for what, word in named
            if any("\ud800" <= sign <= "\udfff" for sign in word)
        ),
        "",
    )


def in_spite(code: int, *steps: Callable[[], object]) -> int:
    """Carry out each step, whatever became of those before; say why one cannot be, and return the
    worst of `code` and theirs.

    The steps show and write what a measurement came to, and must not hide it.
    """
    for step in steps:
        try:
            try:
                step()
            except BenchError as error:
                code = worst(code, error.exit_code)
                print(f"bench: {one_line(error)}", file=sys.stderr)
        except OutputLost as lost:
            code = worst(code, lost.exit_code)
    return code


def nearest(text: str) -> str:
    """The same in ASCII: what has no likeness there becomes a question mark."""
    return "".join(map(_sign, text))


def _sign(sign: str) -> str:
    if sign.isascii():
        return sign
    if (likeness := _SIGNS.get(sign)) is not None:
        return likeness
    if unicodedata.combining(sign):
        return ""  # the letter below it has been said already
    parts = unicodedata.normalize("NFKD", sign)
    return "?" if parts == sign else nearest(parts)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return nearest(error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, _replaced)
