"""`bench advise`: which arm meets what is asked for."""

from dataclasses import asdict
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


@app.command()
def advise(
    run: Annotated[
        list[str], typer.Argument(metavar="RUN…", help="run folders or ids; several are joined")
    ],
    features: FeaturesOption = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="a TOML file with what is asked for; options add to it"),
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="be asked one by one")] = False,
    rate: Annotated[float | None, typer.Option(help="tasks per second, at the busiest")] = None,
    task_ms: Annotated[float | None, typer.Option(help="how long a task takes")] = None,
    kind: Annotated[str | None, typer.Option(help="io (it waits) or cpu (it computes)")] = None,
    workers: Annotated[
        int | None, typer.Option(help="how many workers you run; as many as it takes unless told")
    ] = None,
    p99_ms: Annotated[
        float | None, typer.Option(help="99 of 100 finished within so many ms of being due")
    ] = None,
    memory_mb: Annotated[float | None, typer.Option(help="for workers and broker together")] = None,
    may_lose: Annotated[
        bool | None, typer.Option("--may-lose/--no-loss", help="may a crash cost tasks?")
    ] = None,
    may_double: Annotated[
        bool | None,
        typer.Option("--may-double/--no-double", help="may a crash make a task run twice?"),
    ] = None,
    need: Annotated[
        list[str] | None, typer.Option("--need", help="a feature, such as flow.chord")
    ] = None,
    broker: Annotated[
        list[str] | None,
        typer.Option(
            "--broker", help="a broker that you can run: redis, rabbitmq, sqlite, postgres"
        ),
    ] = None,
    published_tree: Annotated[
        bool,
        typer.Option(
            "--published-tree", help="the published decision tree, and what our data says of it"
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Which arm meets what you ask for: by measured numbers and trials, and nothing else."""
    from bench.advise.advice_text import render
    from bench.advise.asked import by_asking, checked, from_file
    from bench.advise.facts import facts
    from bench.advise.ranking import answer as found_by
    from bench.analysis.dataset import join
    from bench.claims.published_tree import branches, render_tree

    found = given_features(features)
    known = facts(join([stored_measures.open_measured(find_run(name)) for name in run]), found)
    if published_tree:
        shown = branches(known, found)
        return (
            answer([asdict(each) for each in shown]) if as_json else render_tree(shown, console())
        )
    given: dict[str, object] = {
        "rate": rate,
        "task_ms": task_ms,
        "kind": kind,
        "workers": workers,
        "p99_ms": p99_ms,
        "memory_mb": memory_mb,
        "may_lose": may_lose,
        "may_double": may_double,
    }
    given |= {"needs": need or None, "brokers": broker or None}
    asked = checked(
        {
            **(from_file(file) if file else {}),
            **(by_asking(_question) if ask else {}),
            **{k: v for k, v in given.items() if v is not None},
        }
    )
    candidates = found_by(asked, known)
    if as_json:
        return answer(
            {
                "asked": asked.model_dump(mode="json"),
                "arms": [asdict(each) for each in candidates],
            }
        )
    return render(asked, candidates, console())


def _question(text: str) -> str:
    """One question in the terminal; Enter asks for nothing."""
    return str(typer.prompt(text, default="", show_default=False))
