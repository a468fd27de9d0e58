"""The far keeper as a command line: nothing has to be installed on a host but Python itself."""

import base64
import shlex
import zlib
from importlib import import_module
from inspect import getsource

# In this order: each imports only what stands before it, and all else is the standard library's.
MODULES = (
    "bench.base.errors",
    "bench.inprocess.event_log",
    "bench.hosts.cgroup",
    "bench.hosts.process",
    "bench.hosts.sent.lease",
    "bench.hosts.sent.frames",
    "bench.hosts.sent.clock_echo",
    "bench.hosts.keeper",
    "bench.hosts.lock",
    "bench.hosts.sent.far_answers",
    "bench.hosts.sent.far_processes",
    "bench.hosts.sent.far_clocks",
    "bench.hosts.sent.far_files",
    "bench.hosts.sent.far_network",
    "bench.hosts.sent.far_keeper",
)
_UNPACK = "import sys,base64,zlib;exec(zlib.decompress(base64.b64decode(sys.argv[1])))"
_SETUP = """\
import sys
from types import ModuleType

if sys.version_info[:2] != {python!r}:
    want, have = '.'.join(map(str, {python!r})), '.'.join(map(str, sys.version_info[:2]))
    sys.exit(f"queue-bench: Python {{want}} is needed, this is {{have}}")
for name, source in {sources!r}:
    parts = name.split('.')
    for end in range(1, len(parts)):
        each = '.'.join(parts[:end])
        if each not in sys.modules:
            sys.modules[each] = ModuleType(each)
            sys.modules[each].__path__ = []
    module = sys.modules[name] = ModuleType(name)
    exec(compile(source, name, 'exec'), module.__dict__)
    setattr(sys.modules['.'.join(parts[:-1])], parts[-1], module)
module.main()
"""


def python_command(python: str, version: tuple[int, int]) -> list[str]:
    """What starts it with a Python that is found by this name; another minor version says so.

    -S and -E: neither what is installed there nor a variable changes what it does.
    """
    sources = [(name, getsource(import_module(name))) for name in MODULES]
    program = _SETUP.format(python=version, sources=sources)
    packed = base64.b64encode(zlib.compress(program.encode(), 9)).decode()
    return [python, "-X", "utf8=1", "-S", "-E", "-c", _UNPACK, packed]


def shell_command(python: str, version: tuple[int, int]) -> str:
    """The same as one line for a shell, as ssh wants it."""
    return shlex.join(python_command(python, version))
