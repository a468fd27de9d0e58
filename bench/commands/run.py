"""`bench run`: measure."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from bench.analysis import stored_measures
from bench.base.ending import in_spite
from bench.base.errors import UsageError
from bench.base.output import refuse_unwritable
from bench.brokers.choice import Servers
from bench.commands.options import (
    Adapters,
    Json,
    Pass,
    Wait,
    answer,
    app,
    console,
    find_run,
    passed_on,
)
from bench.hosts import lock
from bench.model.arm import load_adapters, parse_arm, twin
from bench.record import store
from bench.run.plan import SIZES, Plan, make_plan

# Escaped: square brackets are markup to the help.
ARM_HELP = escape(
    "SYSTEM/PROFILE[@BROKER][[REQUIREMENT, …]][{SETTING=VALUE, …}], such as celery/tuned, huey/default@sqlite, 'celery/default[celery==5.6.2]', "
    "'rq/simple[rq @ path/to/checkout]' or 'celery/default{worker_prefetch_multiplier=1}'; may be given several times"
)


@app.command()
def run(
    scenario: Annotated[
        list[str] | None,
        typer.Argument(
            help="burst, latency, recovery (these three unless named), work, result, soak"
        ),
    ] = None,
    arm: Annotated[list[str], typer.Option("--arm", help=ARM_HELP)] = [],  # noqa: B006  (typer wants a literal)
    case: Annotated[
        list[str], typer.Option("--case", help="only these cases, such as load=0.5 or worker-crash")
    ] = [],  # noqa: B006
    size: Annotated[str, typer.Option(help=" | ".join(SIZES))] = "full",
    tasks: Annotated[
        int | None, typer.Option(help="tasks of a burst, and tasks due in a latency cell")
    ] = None,
    blocks: Annotated[int, typer.Option(help="repetitions of every arm, in random order")] = 1,
    workers: Annotated[
        int | None,
        typer.Option(
            help="slots of every system; as many as cores, or as the CPU quota has, unless told"
        ),
    ] = None,
    redis: Annotated[
        str | None,
        typer.Option(
            envvar="QUEUE_BENCH_REDIS",
            help="an empty Redis database of your own; the variable hides its password",
        ),
    ] = None,
    rabbitmq: Annotated[
        str | None,
        typer.Option(
            envvar="QUEUE_BENCH_RABBITMQ",
            help="an empty virtual host of your own RabbitMQ, amqp://…",
        ),
    ] = None,
    postgres: Annotated[
        str | None,
        typer.Option(
            envvar="QUEUE_BENCH_POSTGRES",
            help="an empty PostgreSQL database of your own, postgresql://…",
        ),
    ] = None,
    adapter: Adapters = [],  # noqa: B006
    aa: Annotated[
        bool,
        typer.Option(
            "--aa",
            help="measure each given arm against itself: SYSTEM/PROFILE and SYSTEM/PROFILE{again}",
        ),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="for the order, the arrivals and the moments of the faults")
    ] = None,
    label: Annotated[str, typer.Option(help="a text that stands in the report")] = "",
    out: Annotated[
        Path | None, typer.Option(help="the run folder itself; results/<run-id> unless told")
    ] = None,
    resume: Annotated[str | None, typer.Option(help="go on with a run that was cut off")] = None,
    time_cap: Annotated[
        float, typer.Option(help="seconds after which a cell is measured on what it did")
    ] = 1200.0,
    minutes: Annotated[
        float | None, typer.Option(help="how long a soak lasts; 10 unless told")
    ] = None,
    passed: Pass = [],  # noqa: B006
    report: Annotated[
        Path | None, typer.Option("--report", help="the HTML file; reports/<run>.html unless told")
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Measure: burst, latency and recovery of the default profiles unless told otherwise."""

    from bench.report.writing import report_path

    known = load_adapters(adapter)
    if resume is not None:
        folder = find_run(resume)
        plan = _stored_plan(folder, known)
    else:
        from bench.run.manifest import fresh_seed, new_folder, refuse_folder

        if not 0 < time_cap < math.inf:
            raise UsageError(f"--time-cap {time_cap:g}: give a number of seconds above 0")
        if aa:
            arm = _with_twins(arm, known)
        given = seed if seed is not None else fresh_seed()
        how: dict[str, Any] = {"size": size, "tasks": tasks, "blocks": blocks, "workers": workers}
        how |= {"minutes": minutes, "time_cap_s": time_cap}
        how["passed"] = passed_on(passed, known.values())
        plan = make_plan(scenario or [], arm, case, known, seed=given, label=label, **how)
        folder = new_folder(out, given)
        refuse_folder(folder)
    page = report_path(folder, report)
    refuse_unwritable(page, "name another place by --report FILE")
    with lock.measuring(wait, console(as_json).print):
        servers = {
            name: url
            for name, url in (("redis", redis), ("rabbitmq", rabbitmq), ("postgres", postgres))
            if url
        }
        code = measure_live(plan, folder, servers, console(as_json), resume is not None, page)
    if as_json:
        code = in_spite(code, lambda: answer(_summary(folder, code)))
    raise typer.Exit(code)


def measure_live(
    plan: Plan, folder: Path, servers: Servers, out: Console, resuming: bool, page: Path
) -> int:
    """Run a plan before somebody's eyes, make its report, and return the exit code."""
    from bench.report.writing import write_report
    from bench.run.progress import Live
    from bench.run.runner import Runner
    from bench.selftest import stored

    live = Live(out)
    runner = Runner(plan, folder, servers, live)
    if resuming:
        runner.resume()
    else:
        runner.prepare()
        stored.attach(runner.info, folder)
    out.print(f"run folder: {folder}", markup=False, soft_wrap=True)
    with live.bar:
        code = runner.carry_out()
    return in_spite(
        code,
        lambda: write_report([stored_measures.open_measured(folder)], page, out, headline=True),
    )


def _with_twins(texts: list[str], known: dict[str, Any]) -> list[str]:
    if not texts:
        raise UsageError("--aa measures an arm against itself: name it by --arm")
    return [
        each.name for one in (parse_arm(text, known) for text in texts) for each in (one, twin(one))
    ]


def _stored_plan(folder: Path, known: dict[str, Any]) -> Plan:
    run = store.open_run(folder)
    if run.slim:
        raise UsageError(
            f"{folder} is a slim run, its raw events are not there: go on with the whole run"
        )
    info = run.info
    stored = info["plan"]
    handed = passed_on(stored.get("passed", []), known.values())
    options = {
        name: stored[name] for name in ("size", "tasks", "blocks", "workers", "time_cap_s")
    } | {"minutes": stored.get("minutes")}
    options |= {"base": stored.get("base", ""), "until": stored.get("until", {}), "passed": handed}
    return make_plan(
        stored["scenarios"],
        stored["arms"],
        stored["cases"],
        known,
        seed=info["seed"],
        label=info.get("label", ""),
        **options,
    )


def _summary(folder: Path, code: int) -> dict[str, Any]:
    measured = stored_measures.open_measured(folder)
    return {
        "run": measured.id,
        "folder": str(folder),
        "exit": code,
        "measures": json.loads(measured.measures.to_json(orient="records")),
    }
