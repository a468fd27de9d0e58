"""`bench compare`: it answers a question and is no gate, so it exits 0 whatever it finds."""

from pathlib import Path
from typing import Annotated

import typer

from bench.base.errors import UsageError
from bench.commands.options import Json, answer, app, console, open_runs
from bench.compare.sides import Side, side_of

SideArg = Annotated[str, typer.Argument(help="a run folder or id, or RUN#ARM for one of its arms")]


def _side(text: str) -> Side:
    """RUN or RUN#ARM; a folder may have the sign in its name."""
    name, _, arm = (text, "", "") if Path(text).is_dir() else text.partition("#")
    return side_of(open_runs([name])[0], arm)


@app.command(
    help="Show what changed from BASE to HEAD: "
    "per measure the ratio, its interval and whether the blocks bear it. "
    "RUN#ARM RUN shows every other arm of a run beside one of them."
)
def compare(
    base: SideArg,
    head: SideArg,
    force: Annotated[
        bool, typer.Option("--force", help="compare what is unlike; printed on top")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="write one page that needs no network")
    ] = None,
    write: Annotated[
        list[str], typer.Option("--write", metavar="FORMAT=FILE", help="also as markdown, junit, …")
    ] = [],  # noqa: B006
    everything: Annotated[
        bool, typer.Option("--all", help="also what is undecided and inside its tie zone")
    ] = False,
    as_json: Json = False,
) -> None:
    from bench.compare.change_phrases import render
    from bench.compare.comparison import compare as compared

    printed = [each for each in write if each.endswith("=-")]
    if as_json and printed:
        raise UsageError(
            f"--json and --write {printed[0]} both want standard output: "
            "write one of them to a file"
        )
    changes = compared(_side(base), _side(head), force)
    if write:
        from bench.formats.registry import write as written

        written(changes, write)
    if html is not None:
        from bench.report.compare_page import page
        from bench.report.writing import write_page

        write_page(page(changes), html)
    if as_json:
        return answer(changes.as_json())
    if not printed:
        render(changes, console(), everything)
    if html is not None:
        console(bool(printed)).print(f"page: {html}", markup=False, soft_wrap=True)
