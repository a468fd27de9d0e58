"""`bench claims`: published claims beside what was measured."""

from dataclasses import asdict

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


@app.command()
def claims(
    run: Runs,
    features: FeaturesOption = None,
    as_json: Json = False,
) -> None:
    """Judge the published claims by stored runs and features."""
    from bench.analysis.dataset import join
    from bench.claims.form import load
    from bench.claims.judge import rule
    from bench.claims.rulings import MEANINGS, judged, render

    every = rule(load(), join(open_runs(run)), given_features(features))
    if as_json:
        answer([asdict(each) | {"meaning": MEANINGS[each.kind]} for each in every])
    else:
        render(every, console())
    # Last, so that the reason of each is shown first.
    judged(every)
