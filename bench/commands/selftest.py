"""`bench selftest`: measure the instrument itself."""

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.options import Json, Wait, answer, app, console
from bench.hosts import lock
from bench.record import documents


@app.command()
def selftest(
    quick: Annotated[
        bool, typer.Option("--quick", help="the most telling checks, less than 3 minutes")
    ] = False,
    noise: Annotated[int, typer.Option(help="also so many blocks of one arm against itself")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="the folder of the selftest; results/selftest-<time> unless told"),
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Measure the instrument with things whose truth is known, and say what came out."""
    from bench.selftest.proof import new_folder
    from bench.selftest.proof import selftest as carry_out
    from bench.selftest.stored_selftest import FILE

    folder = out or new_folder()
    with lock.measuring(wait, console(as_json).print):
        code = carry_out(folder, quick, noise, console(as_json))
    if as_json:
        answer(documents.read_json(folder / FILE))
    raise typer.Exit(code)
