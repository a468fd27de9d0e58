"""`bench report`: the page of stored runs."""

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.options import (
    FeaturesOption,
    Json,
    Runs,
    answer,
    app,
    console,
    given_features,
    open_runs,
)
from bench.report.writing import write_report


@app.command()
def report(
    run: Runs,
    features: FeaturesOption = None,
    out: Annotated[
        Path | None, typer.Option(help="the HTML file; reports/<run>.html unless told")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the HTML report of a stored run, and print its headline."""

    runs = open_runs(run)
    path = write_report(
        runs, out, console(as_json), headline=not as_json, features=given_features(features)
    )
    if as_json:
        answer({"report": str(path), "runs": [each.id for each in runs]})
