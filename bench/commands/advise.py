"""`bench advise`: which arm meets what is asked for."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from bench.base.errors import UsageError
from bench.commands.options import (
    FeaturesOption,
    Json,
    Runs,
    answer,
    app,
    console,
    fields_as_options,
    given_features,
    open_runs,
)
from bench.model.broker import FAMILIES

if TYPE_CHECKING:
    from bench.advise.asked import Asked


class Wishes(NamedTuple):
    """What is asked for by options; what is None, or an empty list, is not."""

    rate: Annotated[float | None, typer.Option(help="tasks per second, at the busiest")] = None
    task_ms: Annotated[float | None, typer.Option(help="how long a task takes")] = None
    kind: Annotated[str | None, typer.Option(help="io (it waits) or cpu (it computes)")] = None
    workers: Annotated[
        int | None, typer.Option(help="how many workers you run; as many as it takes unless told")
    ] = None
    p99_ms: Annotated[
        float | None, typer.Option(help="99 of 100 finished within so many ms of being due")
    ] = None
    memory_mb: Annotated[float | None, typer.Option(help="for workers and broker together")] = None
    backlog: Annotated[
        int | None,
        typer.Option(help="how many tasks wait then; as most arms were measured unless told"),
    ] = None
    may_lose: Annotated[
        bool | None, typer.Option("--may-lose/--no-loss", help="may a crash cost tasks?")
    ] = None
    may_double: Annotated[
        bool | None,
        typer.Option("--may-double/--no-double", help="may a crash make a task run twice?"),
    ] = None
    needs: Annotated[
        list[str] | None, typer.Option("--need", help="a feature, such as flow.chord")
    ] = None
    brokers: Annotated[
        list[str] | None,
        typer.Option("--broker", help="a broker that you can run: " + ", ".join(FAMILIES)),
    ] = None


OPTIONS = {
    "needs": "--need",
    "brokers": "--broker",
    "may_lose": "--no-loss",
    "may_double": "--no-double",
}


@app.command()
@fields_as_options
def advise(
    run: Runs,
    *,
    features: FeaturesOption = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="a TOML file with what is asked for; options add to it"),
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="be asked one by one")] = False,
    asked: Wishes,
    published_tree: Annotated[
        bool,
        typer.Option(
            "--published-tree", help="the published decision tree, and what our data says of it"
        ),
    ] = False,
    workload: Annotated[
        bool,
        typer.Option(
            "--workload", help="answer from runs of your own load: what its file asks for"
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Which arm meets what you ask for: by measured numbers and trials, and nothing else."""
    if workload:
        _refuse_others(asked, file=file, ask=ask, features=features, published_tree=published_tree)
        return _by_workload(run, as_json)
    from bench.advise.advice_text import render
    from bench.advise.facts import facts, rates
    from bench.advise.ranking import answer as candidates_for
    from bench.analysis.dataset import join
    from bench.claims.published_tree import branches, render_tree

    tried = given_features(features)
    measured = facts(join(open_runs(run)), tried)
    if published_tree:
        shown = branches(*rates(measured), tried)
        return (
            answer([asdict(each) for each in shown]) if as_json else render_tree(shown, console())
        )
    requirements = _requirements(file, ask, asked)
    candidates = candidates_for(requirements, measured)
    if as_json:
        return answer(
            {
                "asked": requirements.model_dump(mode="json"),
                "arms": [asdict(each) for each in candidates],
            }
        )
    return render(requirements, candidates, console())


def _refuse_others(asked: Wishes, **others: object) -> None:
    """UsageError for whatever else is asked: the objective stands in the workload file."""
    given = [name for name, value in {**asked._asdict(), **others}.items() if value]
    given += [name for name, value in asked._asdict().items() if value is False]
    if given:
        option = OPTIONS.get(given[0], f"--{given[0].replace('_', '-')}")
        raise UsageError(
            f"--workload answers by the [objective] of the workload file: leave {option} out"
        )


def _by_workload(names: list[str], as_json: bool) -> None:
    from bench.advise.advice_text import show
    from bench.advise.workload_advice import advice
    from bench.analysis.dataset import join

    found = advice(join(open_runs(names)))
    if as_json:
        return answer(found.as_json())
    asked = f"{', '.join(found.objective)} ({found.file})"
    return show(asked, found.arms, console(), found.remarks)


def _requirements(file: Path | None, ask: bool, wishes: Wishes) -> "Asked":
    """What is asked for by the file, the questions and the options; the later wins."""
    from bench.advise.asked import by_asking, checked, from_file

    return checked(
        {
            **(from_file(file) if file else {}),
            **(by_asking(_question) if ask else {}),
            **{name: wish for name, wish in wishes._asdict().items() if wish not in (None, [])},
        }
    )


def _question(text: str) -> str:
    """One question in the terminal; Enter asks for nothing."""
    return str(typer.prompt(text, default="", show_default=False))
