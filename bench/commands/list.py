"""`bench list`: scenarios, arms and settings, or stored runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.commands.options import Adapters, Json, answer, app, console
from bench.hosts.machine import slots
from bench.model.arm import Arm
from bench.model.manifest import ArmRecord
from bench.model.scenario import Scenario, load_scenarios
from bench.model.systems import load_adapters


@app.command(
    "list",
    help="Show every scenario, case, arm and setting with its documentation page; "
    "or the stored runs.",
)
def list_all(
    adapter: Adapters = [],  # noqa: B006
    runs: Annotated[bool, typer.Option("--runs", help="the stored runs instead")] = False,
    as_json: Json = False,
) -> None:
    if runs:
        names = [path.parent.name for path in sorted(Path("results").glob("**/run.json"))]
        return (
            answer(names)
            if as_json
            else console().print("\n".join(names) or "no runs under results/")
        )
    count = slots()
    profiles = [
        (each, p) for each in load_adapters(adapter).values() for p in each.profiles.values()
    ]
    described = [Arm(each, p, p.redis, {}).describe(count) for each, p in profiles]
    scenarios = load_scenarios()
    if as_json:
        cases = {
            name: {"about": each.about, "cases": list(each.all_cases())}
            for name, each in scenarios.items()
        }
        return answer({"scenarios": cases, "arms": [each.as_json() for each in described]})
    print_arms(scenarios, described, console())


def print_arms(
    scenarios: Mapping[str, Scenario], described: Sequence[ArmRecord], out: Console
) -> None:
    """Print scenarios with their cases, and arms with their settings as a table."""
    for name, scenario in scenarios.items():
        cases = ", ".join(scenario.all_cases())
        out.print(f"[bold]{name}[/bold]  {scenario.about}\n    cases: {cases}")
    for each in described:
        out.print(f"\n[bold]{each.arm}[/bold]  {each.guarantee}; {each.summary}")
        out.print(f"    {len(each.command)} × {each.command[0]}", markup=False, soft_wrap=True)
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 4))
        for setting in each.settings:
            table.add_row(setting.name, str(setting.value), setting.why, setting.source)
        if each.settings:
            out.print(table)
