"""`bench advise`: which arm meets what is asked for."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from bench.model.broker import FAMILIES

if TYPE_CHECKING:
    from bench.advise.asked import Asked


Runs = Annotated[
    list[str], typer.Argument(metavar="RUN…", help="run folders or ids; several are joined")
]
File = Annotated[
    Path | None,
    typer.Option("--file", help="a TOML file with what is asked for; options add to it"),
]
Ask = Annotated[bool, typer.Option("--ask", help="be asked one by one")]
Rate = Annotated[float | None, typer.Option(help="tasks per second, at the busiest")]
TaskMs = Annotated[float | None, typer.Option(help="how long a task takes")]
Kind = Annotated[str | None, typer.Option(help="io (it waits) or cpu (it computes)")]
Workers = Annotated[
    int | None, typer.Option(help="how many workers you run; as many as it takes unless told")
]
P99Ms = Annotated[
    float | None, typer.Option(help="99 of 100 finished within so many ms of being due")
]
MemoryMb = Annotated[float | None, typer.Option(help="for workers and broker together")]
MayLose = Annotated[
    bool | None, typer.Option("--may-lose/--no-loss", help="may a crash cost tasks?")
]
MayDouble = Annotated[
    bool | None,
    typer.Option("--may-double/--no-double", help="may a crash make a task run twice?"),
]
Needs = Annotated[list[str] | None, typer.Option("--need", help="a feature, such as flow.chord")]
Brokers = Annotated[
    list[str] | None,
    typer.Option("--broker", help="a broker that you can run: " + ", ".join(FAMILIES)),
]
PublishedTree = Annotated[
    bool,
    typer.Option(
        "--published-tree", help="the published decision tree, and what our data says of it"
    ),
]


@app.command()
def advise(
    run: Runs,
    features: FeaturesOption = None,
    file: File = None,
    ask: Ask = False,
    rate: Rate = None,
    task_ms: TaskMs = None,
    kind: Kind = None,
    workers: Workers = None,
    p99_ms: P99Ms = None,
    memory_mb: MemoryMb = None,
    may_lose: MayLose = None,
    may_double: MayDouble = None,
    need: Needs = None,
    broker: Brokers = None,
    published_tree: PublishedTree = False,
    as_json: Json = False,
) -> None:
    """Which arm meets what you ask for: by measured numbers and trials, and nothing else."""
    from bench.advise.advice_text import render
    from bench.advise.facts import facts, rates
    from bench.advise.ranking import answer as candidates_for
    from bench.analysis.dataset import join
    from bench.claims.published_tree import branches, render_tree

    tried = given_features(features)
    measured = facts(join([stored_measures.open_measured(find_run(name)) for name in run]), tried)
    if published_tree:
        shown = branches(rates(measured), tried)
        return (
            answer([asdict(each) for each in shown]) if as_json else render_tree(shown, console())
        )
    given: dict[str, object] = {"rate": rate, "task_ms": task_ms, "kind": kind, "workers": workers}
    given |= {"p99_ms": p99_ms, "memory_mb": memory_mb, "may_lose": may_lose}
    given |= {"may_double": may_double, "needs": need or None, "brokers": broker or None}
    asked = _asked(file, ask, given)
    candidates = candidates_for(asked, measured)
    if as_json:
        return answer(
            {
                "asked": asked.model_dump(mode="json"),
                "arms": [asdict(each) for each in candidates],
            }
        )
    return render(asked, candidates, console())


def _asked(file: Path | None, ask: bool, given: dict[str, object]) -> "Asked":
    """What is asked for by the file, the questions and the options; the later wins."""
    from bench.advise.asked import by_asking, checked, from_file

    return checked(
        {
            **(from_file(file) if file else {}),
            **(by_asking(_question) if ask else {}),
            **{k: v for k, v in given.items() if v is not None},
        }
    )


def _question(text: str) -> str:
    """One question in the terminal; Enter asks for nothing."""
    return str(typer.prompt(text, default="", show_default=False))
