"""Whether the functions of a workload can be called in the environment this process runs in.

`python -m bench.inprocess.call_trial ASKED ANSWER`: ASKED is a JSON list of objects with `call`
(`module:name`) and `args` (a file with a JSON list or object a line, or null). Each function is
imported, none is called. ANSWER then holds a JSON list: of each in turn null, or an object with
`key` (`call` or `args`, what is wrong), `said`, and `line` (of the file of arguments, or null).
Until then the file ANSWER.at has the index of the one that is tried.
"""

import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

Fault = dict[str, str | int | None]


def main() -> None:
    """Try each, and end without waiting for threads that the user's code may have begun."""
    asked, answer = sys.argv[1:]
    with open(asked, encoding="utf-8") as file:
        given = json.load(file)
    faults = []
    for number, each in enumerate(given):
        # Before it: an import may end this process.
        with open(answer + ".at", "w", encoding="utf-8") as at:
            at.write(str(number))
        faults.append(tried(each["call"], each["args"]))
    part = answer + ".part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(faults, file)
    os.replace(part, answer)
    sys.stderr.flush()
    os._exit(0)


def tried(call: str, args: str | None) -> Fault | None:
    """What is wrong with one function, or with the arguments that it is to be given."""
    module, _, name = call.partition(":")
    try:
        found: Any = import_module(module)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return _fault("call", f"{call} cannot be imported: {_words(error)}{_where(error)}")
    for part in name.split("."):
        if not hasattr(found, part):
            return _fault("call", f"{call} cannot be imported: {module} has no {name}")
        found = getattr(found, part)
    if not callable(found):
        return _fault("call", f"{call} is no function but {type(found).__name__}")
    if inspect.iscoroutinefunction(found):
        return _fault("call", f"{call} is an async function: name one that calls it by asyncio.run")
    return _misfit(call, found, args)


def _misfit(call: str, function: Callable[..., Any], args: str | None) -> Fault | None:
    """Arguments that do not fit the function; those of one shape are tried once."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of some written in C nothing is known
        return None
    if args is None:
        return _unfit(signature, [], call, "it is called without arguments", None)
    shapes = set()
    with open(args, encoding="utf-8-sig", newline="") as file:
        for number, line in enumerate(file, 1):
            given = json.loads(line)
            shape = frozenset(given) if isinstance(given, dict) else len(given)
            if shape in shapes:
                continue
            shapes.add(shape)
            where = f"{os.path.basename(args)}:{number}"
            if fault := _unfit(signature, given, call, where, number):
                return fault
    return None


def _unfit(
    signature: inspect.Signature, given: Any, call: str, where: str, line: int | None
) -> Fault | None:
    try:
        if isinstance(given, dict):
            signature.bind(**given)
        else:
            signature.bind(*given)
    except TypeError as error:
        key = "call" if line is None else "args"
        return _fault(key, f"the arguments do not fit {call}{signature} ({where}): {error}", line)
    return None


def _fault(key: str, said: str, line: int | None = None) -> Fault:
    return {"key": key, "said": said, "line": line}


def _words(error: BaseException) -> str:
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _where(error: BaseException) -> str:
    """The file and line of the user's that raised it; nothing where that is not theirs."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    return f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""


if __name__ == "__main__":
    main()
