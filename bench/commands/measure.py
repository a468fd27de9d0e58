"""`bench measure`: the figures of a stored run anew, from its events alone."""

import json

from bench.analysis import stored_measures
from bench.analysis.formatting import measure_in_words
from bench.commands.options import Json, RunArg, answer, app, console, find_run
from bench.record import store


@app.command()
def measure(run: RunArg, as_json: Json = False) -> None:
    """Compute measures.csv and comparisons.csv of a stored run anew, from its events alone."""
    opened = store.open_run(find_run(run))
    measures = stored_measures.measure_run(opened)
    stored_measures.write(opened, measures)
    stored_measures.note_versions(opened)
    if as_json:
        return answer(json.loads(measures.to_json(orient="records")))
    shown = console()
    for row in measures.itertuples():
        words = "" if row.verdict == "ok" else f" {row.verdict} {row.reason}"
        shown.print(
            f"{row.scenario} {row.case} {row.arm} {row.metric}: {measure_in_words(row)}{words}",
            markup=False,
            soft_wrap=True,
        )
