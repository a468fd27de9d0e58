"""`bench workload`: a load of your own, begun and tried out; `bench run workload` measures it."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from bench.base.errors import UsageError
from bench.base.streams import in_spite
from bench.base.typed import typed
from bench.commands.options import (
    Adapters,
    Json,
    Pass,
    Wait,
    answer,
    app,
    console,
    passed_on,
)
from bench.commands.run_options import ARM_HELP
from bench.environments.handed_on import usable
from bench.hosts import lock
from bench.model.arm import parse_arm
from bench.model.systems import load_adapters
from bench.workload.demand import size
from bench.workload.workload_file import TEMPLATE

if TYPE_CHECKING:
    from bench.run.workload_trial import TaskTrial

workload = typer.Typer(
    no_args_is_help=True,
    help="A load of your own, in a file: write one, try it out. `bench run workload` measures it.",
)
app.add_typer(workload, name="workload")
File = Annotated[Path, typer.Argument(metavar="FILE", help="a workload file, such as shop.toml")]
COLOURS = {"finished": "green", "planned": "green", "failed": "red", "unfinished": "red"}


@workload.command("new")
def new(file: File, as_json: Json = False) -> None:
    """Write a workload file, its keys explained in comments; it runs as it is."""
    try:
        with open(file, "x", encoding="utf-8") as out:
            out.write(TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{file} is there already: name another file") from None
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written ({error.strerror}): name another place"
        ) from None
    if as_json:
        return answer({"file": str(file)})
    console().print(
        f"{file} written: change it, try it by `bench workload check {typed(file)}`, "
        f"measure it by `bench run workload --workload {typed(file)}`",
        markup=False,
        soft_wrap=True,
    )


@workload.command("check")
def check(
    file: File,
    arm: Annotated[list[str], typer.Option("--arm", help=ARM_HELP)] = [],  # noqa: B006
    redis: Annotated[
        str | None,
        typer.Option(envvar="QUEUE_BENCH_REDIS", help="an empty Redis database of your own"),
    ] = None,
    adapter: Adapters = [],  # noqa: B006
    passed: Pass = [],  # noqa: B006
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Read the file, run each of its tasks once on every system, and say what it would ask.

    It ends with 0 where each task came to its end wherever it is offered, with 4 where one did not
    end or no system asked offers any, with 64 where a task fails or something is to be changed
    first.
    """
    from bench.run.progress import Live
    from bench.run.workload_check import as_document, demand_lines, demand_of, exit_code
    from bench.run.workload_check import check as carry_out

    adapters = load_adapters(adapter)
    read = usable(file, adapters.values())
    arms = [
        parse_arm(text, adapters)
        for text in dict.fromkeys(arm or (f"{name}/default" for name in sorted(adapters)))
    ]
    handed, out = passed_on(passed, adapters.values()), console(as_json)
    told = demand_of(read)
    with lock.measuring(wait, out.print):
        live = Live(out)
        with live.bar:
            servers = {"redis": redis} if redis else {}
            trials = carry_out(
                arms, read, servers, handed, live.said, live.progress, partial(_show, out)
            )
    code = exit_code(trials)
    if as_json:
        code = in_spite(code, lambda: answer(as_document(read, trials, told)))
    else:
        for line in demand_lines(told, trials):
            out.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def _show(out: Console, arm: str, trials: "Sequence[TaskTrial]") -> None:
    out.print(arm, style="bold", markup=False)
    for row in _rows(trials):
        out.print(row, soft_wrap=True)


def _rows(trials: "Sequence[TaskTrial]") -> Iterator[Text]:
    """A line for each type of task, whole however narrow the terminal is."""
    wide = max((len(each.task) for each in trials), default=0)
    for each in trials:
        seconds = "" if each.seconds is None else f"{1000 * each.seconds:,.3g} ms"
        memory = "" if each.memory_bytes is None else f"{size(each.memory_bytes)} more memory"
        came = each.came.replace("_", " ")
        parts = (f"    {each.task:<{wide}}  {came:<11}", f"{seconds:>9}", memory, each.text)
        line = "  ".join(part for part in parts if part)
        yield Text(line.rstrip(), style=COLOURS.get(each.came, "yellow"))
