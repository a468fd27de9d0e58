"""`bench report`: the page of stored runs."""

from pathlib import Path
from typing import Annotated

import typer

from bench.analysis import stored_measures
from bench.commands.options import (
    FeaturesOption,
    Json,
    answer,
    app,
    console,
    find_run,
    given_features,
)
from bench.report.writing import write_report


@app.command()
def report(
    run: Annotated[
        list[str], typer.Argument(metavar="RUN…", help="run folders or ids; several are joined")
    ],
    features: FeaturesOption = None,
    out: Annotated[
        Path | None, typer.Option(help="the HTML file; reports/<run>.html unless told")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the HTML report of a stored run, and print its headline."""

    runs = [stored_measures.open_measured(find_run(name)) for name in run]
    path = write_report(
        runs, out, console(as_json), headline=not as_json, features=given_features(features)
    )
    if as_json:
        answer({"report": str(path), "runs": [each.id for each in runs]})
