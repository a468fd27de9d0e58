"""`bench export --slim`: a run to be kept beside code."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.analysis import stored_measures
from bench.base.errors import UsageError
from bench.commands.options import Json as JsonOption
from bench.commands.options import RunArg, answer, app, console, find_run
from bench.model.stored import Json
from bench.record.store import Run


@app.command(
    help="Copy a stored run without its raw events (compare, trend, claims and advise work on "
    "the copy), or write it for other tools."
)
def export(
    run: RunArg,
    slim: Annotated[
        bool, typer.Option("--slim", help="without raw events, at most 256 KiB for a default run")
    ] = False,
    events_of: Annotated[
        list[int],
        typer.Option(
            "--events-of",
            metavar="CELL",
            min=1,
            help="with --slim: this cell keeps its events, so that it can be measured again",
        ),
    ] = [],  # noqa: B006
    out: Annotated[
        Path | None, typer.Option(help="the new run folder; results/<run>-slim unless told")
    ] = None,
    write: Annotated[
        list[str],
        typer.Option(
            "--write",
            metavar="FORMAT=FILE",
            help="in a format of other tools: bmf, prometheus, pyperf, …",
        ),
    ] = [],  # noqa: B006
    arm: Annotated[
        str | None, typer.Option("--arm", help="the arm, for a format that holds one")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    opened = stored_measures.open_measured(find_run(run))
    if events_of and not slim:
        raise UsageError("--events-of says what a slim copy keeps: add --slim")
    if not slim and not write:
        raise UsageError(
            "nothing to export: add --slim for a small copy of the run, "
            "or --write FORMAT=FILE for another tool"
        )
    done: Json = {"run": opened.id}
    if write:
        from bench.formats.registry import write_run

        done["written"] = [str(path) for path in write_run(opened, write, arm)]
    if slim:
        done |= _slim(opened, out, events_of, console(as_json))
    if as_json:
        answer(done)


def _slim(opened: Run, out: Path | None, events_of: list[int], words: Console) -> Json:
    from bench.analysis.slim import LIMIT_BYTES, export_slim

    folder = out or Path("results") / f"{opened.path.resolve().name}-slim"
    made = export_slim(opened, folder, sorted(set(events_of)))
    larger = (
        f", which is more than {LIMIT_BYTES // 1024} KiB: its measures alone need that"
        if made.bytes > LIMIT_BYTES and not events_of
        else ""
    )
    words.print(f"{made.path}: {made.bytes / 1024:.0f} KiB{larger}", markup=False, soft_wrap=True)
    words.print(f"left out: {', '.join(made.left_out)}", markup=False, soft_wrap=True)
    return {"folder": str(made.path), "bytes": made.bytes, "left_out": list(made.left_out)}
