"""The first exception of each type of task, as the worker that raised it has written it down."""

import json
from collections.abc import Sequence
from pathlib import Path

from bench.model.cell_log import FirstError


def first_errors(work: Path, names: Sequence[str]) -> dict[str, FirstError]:
    """Task type → its first error, from the files `raised-INDEX.json` of a cell's work folder.

    A file that a killed worker left unfinished is no error: the next type is read.
    """
    found = {}
    for kind, name in enumerate(names):
        try:
            text = (work / f"raised-{kind}.json").read_text(encoding="utf-8", errors="replace")
            found[name] = FirstError.model_validate(json.loads(text))
        except (OSError, ValueError):
            continue
    return found
