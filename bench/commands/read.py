"""The commands that read: report, measure, list, doctor. They start nothing and change no event."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bench.analysis import stored_measures
from bench.base.errors import EXIT_OK, EXIT_USAGE
from bench.commands.options import Adapters, FeaturesOption, Json, RunArg, answer, app, console, find_run, given_features
from bench.hosts.machine import slots
from bench.model import arm
from bench.record import store
from bench.run.plan import load_scenarios


@app.command()
def report(
    run: Annotated[list[str], typer.Argument(metavar="RUN…", help="run folders or ids; several are joined")],
    features: FeaturesOption = None,
    out: Annotated[Path | None, typer.Option(help="the HTML file; reports/<run>.html unless told")] = None,
    as_json: Json = False,
) -> None:
    """Make the HTML report of a stored run, and print its headline."""
    from bench.commands.progress import write_report

    runs = [stored_measures.open_measured(find_run(name)) for name in run]
    path = write_report(runs, out, console(as_json), headline=not as_json, features=given_features(features))
    if as_json:
        answer({"report": str(path), "runs": [each.id for each in runs]})


@app.command()
def measure(run: RunArg, as_json: Json = False) -> None:
    """Compute measures.csv and comparisons.csv of a stored run anew, from its events alone."""
    from bench.commands.progress import shown as in_words

    opened = store.open_run(find_run(run))
    measures = stored_measures.measure_run(opened)
    stored_measures.write(opened, measures)
    stored_measures.note_versions(opened)
    if as_json:
        return answer(json.loads(measures.to_json(orient="records")))
    shown = console()
    for row in measures.itertuples():
        words = "" if row.verdict == "ok" else f" {row.verdict} {row.reason}"
        shown.print(f"{row.scenario} {row.case} {row.arm} {row.metric}: {in_words(row)}{words}", markup=False, soft_wrap=True)


@app.command("list")
def list_all(adapter: Adapters = [], runs: Annotated[bool, typer.Option("--runs", help="the stored runs instead")] = False, as_json: Json = False) -> None:  # noqa: B006
    """Show every scenario, case, arm and setting with its documentation page; or the stored runs."""
    from bench.commands.progress import print_arms

    if runs:
        found = [path.parent.name for path in sorted(Path("results").glob("**/run.json"))]
        return answer(found) if as_json else console().print("\n".join(found) or "no runs under results/")
    count = slots()
    known = [(each, p) for each in arm.load_adapters(adapter).values() for p in each.profiles.values()]
    described = [arm.Arm(each, p, p.redis, {}).describe(count) for each, p in known]
    scenarios = {name: {"about": s.about, "cases": list(s.all_cases())} for name, s in load_scenarios().items()}
    if as_json:
        return answer({"scenarios": scenarios, "arms": described})
    print_arms(scenarios, described, console())


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is there, what is missing and what to type, and what would disturb a measurement."""
    from bench.run.diagnosis import check, render

    findings = check()
    if as_json:
        answer([vars(finding) for finding in findings])
    else:
        render(findings, console())
    raise typer.Exit(EXIT_USAGE if any(finding.state == "missing" for finding in findings) else EXIT_OK)
