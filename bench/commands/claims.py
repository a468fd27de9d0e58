"""`bench claims`: published claims beside what was measured."""

from dataclasses import asdict
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


@app.command()
def claims(
    run: Annotated[
        list[str], typer.Argument(metavar="RUN…", help="run folders or ids; several are joined")
    ],
    features: FeaturesOption = None,
    as_json: Json = False,
) -> None:
    """Judge the published claims by stored runs and features."""
    from bench.analysis.dataset import join
    from bench.claims.form import load
    from bench.claims.judge import rule
    from bench.claims.rulings import judged, render

    joined = join([stored_measures.open_measured(find_run(name)) for name in run])
    every = rule(load(), joined, given_features(features))
    if as_json:
        answer([asdict(each) for each in every])
    else:
        render(every, console())
    # Last, so that the reason of each is shown first.
    judged(every)
