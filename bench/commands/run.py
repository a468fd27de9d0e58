"""`bench run`: measure."""

import json
import math
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.markup import escape

from adapters.base import Adapter
from bench.analysis import stored_measures
from bench.base.errors import UsageError
from bench.base.output import refuse_unwritable
from bench.base.streams import in_spite
from bench.brokers.choice import Servers
from bench.commands.options import (
    Adapters,
    Json,
    Label,
    Out,
    Pass,
    Wait,
    answer,
    app,
    console,
    fields_as_options,
    find_run,
    passed_on,
)
from bench.hosts import lock
from bench.model.arm import parse_arm, twin
from bench.model.systems import load_adapters
from bench.record import store
from bench.run.plan import SIZES, Plan, make_plan

# Escaped: square brackets are markup to the help.
ARM_HELP = escape(
    "SYSTEM/PROFILE[@BROKER][[REQUIREMENT, …]][{SETTING=VALUE, …}], such as celery/tuned,"
    " huey/default@sqlite, 'celery/default[celery==5.6.2]', 'rq/simple[rq @ path/to/checkout]', "
    "'rq/simple[python==3.13]' or 'celery/default{worker_prefetch_multiplier=1}'; may be given "
    "several times"
)


class RunAsked(NamedTuple):
    """What a run is asked to measure, where, and where it goes.

    typer wants literal lists; nothing changes them.
    """

    scenario: Annotated[
        list[str] | None,
        typer.Argument(
            help="burst, latency, recovery (these three unless named), work, result, soak"
        ),
    ] = None
    arm: Annotated[list[str], typer.Option("--arm", help=ARM_HELP)] = []  # noqa: RUF012
    case: Annotated[
        list[str], typer.Option("--case", help="only these cases, such as load=0.5 or worker-crash")
    ] = []  # noqa: RUF012
    size: Annotated[str, typer.Option(help=" | ".join(SIZES))] = "full"
    tasks: Annotated[
        int | None, typer.Option(help="tasks of a burst, and tasks due in a latency cell")
    ] = None
    blocks: Annotated[int, typer.Option(help="repetitions of every arm, in random order")] = 1
    workers: Annotated[
        int | None,
        typer.Option(
            help="slots of every system; as many as cores, or as the CPU quota has, unless told"
        ),
    ] = None
    redis: Annotated[
        str | None,
        typer.Option(
            envvar="QUEUE_BENCH_REDIS",
            help="an empty Redis database of your own; the variable hides its password",
        ),
    ] = None
    rabbitmq: Annotated[
        str | None,
        typer.Option(
            envvar="QUEUE_BENCH_RABBITMQ",
            help="an empty virtual host of your own RabbitMQ, amqp://…",
        ),
    ] = None
    postgres: Annotated[
        str | None,
        typer.Option(
            envvar="QUEUE_BENCH_POSTGRES",
            help="an empty PostgreSQL database of your own, postgresql://…",
        ),
    ] = None
    adapter: Adapters = []  # noqa: RUF012
    aa: Annotated[
        bool,
        typer.Option(
            "--aa",
            help="measure each given arm against itself: SYSTEM/PROFILE and SYSTEM/PROFILE{again}",
        ),
    ] = False
    seed: Annotated[
        int | None, typer.Option(help="for the order, the arrivals and the moments of the faults")
    ] = None
    label: Label = ""
    out: Out = None
    resume: Annotated[str | None, typer.Option(help="go on with a run that was cut off")] = None
    time_cap: Annotated[
        float, typer.Option(help="seconds after which a cell is measured on what it did")
    ] = 1200.0
    minutes: Annotated[
        float | None,
        typer.Option(help="how long a soak lasts; 10 unless told"),
    ] = None
    passed: Pass = []  # noqa: RUF012


@app.command()
@fields_as_options
def run(
    asked: RunAsked,
    report: Annotated[
        Path | None, typer.Option("--report", help="the HTML file; reports/<run>.html unless told")
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Measure: burst, latency and recovery of the default profiles unless told otherwise."""
    from bench.report.writing import report_path
    from bench.run.run_start import new_folder, refuse_folder

    adapters = load_adapters(asked.adapter)
    if asked.resume is not None:
        folder = find_run(asked.resume)
        plan = _stored_plan(folder, adapters)
    else:
        plan = _new_plan(asked, adapters)
        folder = new_folder(asked.out, plan.seed)
        refuse_folder(folder)
    page = report_path(folder, report)
    refuse_unwritable(page, "name another place by --report FILE")
    urls = {"redis": asked.redis, "rabbitmq": asked.rabbitmq, "postgres": asked.postgres}
    servers = {name: url for name, url in urls.items() if url}
    out = console(as_json)
    with lock.measuring(wait, out.print):
        code = measure_live(plan, folder, servers, out, asked.resume is not None, page)
    if as_json:
        code = in_spite(code, lambda: _answer(folder, code))
    raise typer.Exit(code)


def _new_plan(asked: RunAsked, adapters: dict[str, Adapter]) -> Plan:
    from bench.run.run_start import fresh_seed

    if not 0 < asked.time_cap < math.inf:
        raise UsageError(f"--time-cap {asked.time_cap:g}: give a number of seconds above 0")
    return make_plan(
        asked.scenario or [],
        _with_twins(asked.arm, adapters) if asked.aa else asked.arm,
        asked.case,
        adapters,
        size=asked.size,
        tasks=asked.tasks,
        blocks=asked.blocks,
        workers=asked.workers,
        seed=fresh_seed() if asked.seed is None else asked.seed,
        label=asked.label,
        time_cap_s=asked.time_cap,
        minutes=asked.minutes,
        passed=passed_on(asked.passed, adapters.values()),
    )


def measure_live(
    plan: Plan, folder: Path, servers: Servers, out: Console, resuming: bool, page: Path
) -> int:
    """Run a plan before somebody's eyes, make its report, and return the exit code."""
    from bench.report.writing import write_report
    from bench.run.progress import Live
    from bench.run.runner import Runner
    from bench.selftest import stored_selftest

    live = Live(out)
    runner = Runner(plan, folder, servers, live)
    if resuming:
        runner.resume()
    else:
        runner.prepare()
        runner.manifest = stored_selftest.attached(runner.manifest, folder)
    out.print(f"run folder: {folder}", markup=False, soft_wrap=True)
    with live.bar:
        code = runner.carry_out()
    return in_spite(
        code,
        lambda: write_report([stored_measures.open_measured(folder)], page, out, headline=True),
    )


def _with_twins(texts: list[str], adapters: dict[str, Adapter]) -> list[str]:
    if not texts:
        raise UsageError("--aa measures an arm against itself: name it by --arm")
    parsed = [parse_arm(text, adapters) for text in texts]
    return [each.name for one in parsed for each in (one, twin(one))]


def _stored_plan(folder: Path, adapters: dict[str, Adapter]) -> Plan:
    run = store.open_run(folder)
    if run.slim:
        raise UsageError(
            f"{folder} is a slim run, its raw events are not there: go on with the whole run"
        )
    begun = run.manifest.plan
    return make_plan(
        begun.scenarios,
        begun.arms,
        begun.cases,
        adapters,
        seed=run.manifest.seed,
        label=run.manifest.label,
        size=begun.size,
        tasks=begun.tasks,
        blocks=begun.blocks,
        workers=begun.workers,
        time_cap_s=begun.time_cap_s,
        minutes=begun.minutes,
        base=begun.base,
        until=begun.until,
        passed=passed_on(list(begun.passed), adapters.values()),
    )


def _answer(folder: Path, code: int) -> None:
    measured = stored_measures.open_measured(folder)
    rows = json.loads(measured.measures.to_json(orient="records"))
    answer({"run": measured.id, "folder": str(folder), "exit": code, "measures": rows})
