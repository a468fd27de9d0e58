"""`bench trend`: never a blocker, so it exits 0 whatever it finds."""

from pathlib import Path
from typing import Annotated

import typer

from bench.analysis import stored_measures
from bench.commands.options import Json, answer, app, console, find_run


@app.command(
    help="Look through many stored runs for lasting changes, beside the floor of each run, "
    "and say what changed there."
)
def trend(
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…", help="run folders or ids, whole or slim; their order does not matter"
        ),
    ],
    html: Annotated[
        Path | None, typer.Option("--html", help="write one page that needs no network")
    ] = None,
    as_json: Json = False,
) -> None:
    from bench.trend.history import trend as trend_of
    from bench.trend.step_phrases import render

    result = trend_of([stored_measures.open_measured(find_run(name)) for name in run])
    if html is not None:
        from bench.report.shell import write_page
        from bench.report.trend_page import page

        write_page(page(result), html)
    if as_json:
        return answer(result.as_json())
    render(result, console())
    if html is not None:
        console().print(f"page: {html}", markup=False, soft_wrap=True)
