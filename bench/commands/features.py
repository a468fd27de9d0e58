"""`bench features`: show live what each system can do."""

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.options import Adapters, Json, Pass, Wait, answer, app, console, passed_on
from bench.hosts import lock
from bench.model.systems import load_adapters


@app.command(
    help="Show live what each system can do, by its own worker and public calls, "
    "and keep the evidence."
)
def features(
    system: Annotated[
        list[str], typer.Option("--system", help="a system by its name; all of them unless named")
    ] = [],  # noqa: B006
    feature: Annotated[
        list[str],
        typer.Option(
            "--feature", help="a feature, such as priority.levels, or all of a kind, such as flow"
        ),
    ] = [],  # noqa: B006
    quick: Annotated[
        bool, typer.Option("--quick", help="without those that wait for a slower clock")
    ] = False,
    shown: Annotated[bool, typer.Option("--list", help="show the features instead")] = False,
    adapter: Adapters = [],  # noqa: B006
    passed: Pass = [],  # noqa: B006
    out: Annotated[
        Path | None,
        typer.Option(help="the folder of the evidence; results/features-<time> unless told"),
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    from bench.features.survey import exit_code, new_folder
    from bench.features.survey import features as carry_out
    from bench.model.feature import CATALOG

    if shown:
        if as_json:
            return answer([vars(each) for each in CATALOG])
        for each in CATALOG:
            console().print(f"{each.name:20s} {each.asks}", markup=False, soft_wrap=True)
        return None
    adapters = load_adapters(adapter)
    handed = passed_on(passed, adapters.values())
    folder = out or new_folder()
    with lock.measuring(wait, console(as_json).print):
        trials = carry_out(adapters, system, feature, folder, quick, console(as_json), handed)
    if as_json:
        answer(trials.record.as_json())
    raise typer.Exit(exit_code(trials))
