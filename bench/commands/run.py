"""`bench run`: measure."""

import json
import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.base import Adapter
from bench.analysis import stored_measures
from bench.base.errors import UsageError, worst
from bench.base.output import refuse_unwritable
from bench.base.streams import in_spite
from bench.brokers.choice import Servers
from bench.commands.hosts_options import EACH, hosts_asked, on_them, refuse_undone, with_url
from bench.commands.options import (
    Json,
    Wait,
    answer,
    app,
    console,
    fields_as_options,
    find_run,
    passed_on,
)
from bench.commands.run_options import RunAsked
from bench.commands.workload_options import (
    code_of_objective,
    load_asked,
    load_document,
    refuse_other_ends,
)
from bench.environments.handed_on import refuse_variables
from bench.hosts import lock
from bench.hosts.hosts_file import Hosts
from bench.model.arm import parse_arm, twin
from bench.model.systems import load_adapters
from bench.record import store
from bench.run.plan import Plan, make_plan
from bench.workload.kept_files import taken_up


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
        begun = store.open_run(folder).manifest.plan.hosts
        hosts = hosts_asked(asked.hosts, asked.cluster, begun, resuming=True)
        plan = _stored_plan(folder, adapters, asked, hosts)
    else:
        hosts = hosts_asked(asked.hosts, asked.cluster)
        plan = _new_plan(asked, adapters, hosts)
        folder = new_folder(asked.out, plan.seed)
        refuse_folder(folder)
    page = report_path(folder, report)
    refuse_unwritable(page, "name another place by --report FILE")
    urls = {"redis": asked.redis, "rabbitmq": asked.rabbitmq, "postgres": asked.postgres}
    servers = {name: url for name, url in urls.items() if url}
    refuse_undone(hosts, tuple(plan.scenarios), servers)
    servers = dict(with_url(servers, hosts))
    out = console(as_json)
    with lock.measuring(wait, out.print):
        code = measure_live(plan, folder, servers, out, asked.resume is not None, page, hosts, wait)
    if asked.fail_on:
        code = worst(code, code_of_objective(folder, out))
    if as_json:
        code = in_spite(code, lambda: _answer(folder, code))
    raise typer.Exit(code)


def _new_plan(asked: RunAsked, adapters: dict[str, Adapter], hosts: Hosts | None) -> Plan:
    from bench.run.run_start import fresh_seed

    if not 0 < asked.time_cap < math.inf:
        raise UsageError(f"--time-cap {asked.time_cap:g}: give a number of seconds above 0")
    seed = fresh_seed() if asked.seed is None else asked.seed
    load = load_asked(asked, adapters, seed)
    return make_plan(
        load.scenarios,
        _with_twins(asked.arm, adapters) if asked.aa else asked.arm,
        load.cases,
        adapters,
        size=asked.size,
        tasks=asked.tasks,
        blocks=asked.blocks,
        workers=hosts.placement.slots(asked.workers or EACH) if hosts else asked.workers,
        seed=seed,
        label=asked.label,
        time_cap_s=asked.time_cap,
        minutes=asked.minutes,
        passed=passed_on(asked.passed, adapters.values()),
        workload=load.file,
        search=load.search,
        placement=hosts.placement if hosts else None,
    )


def measure_live(
    plan: Plan,
    folder: Path,
    servers: Servers,
    out: Console,
    resuming: bool,
    page: Path,
    hosts: Hosts | None = None,
    wait: bool = False,
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
    with on_them(hosts, runner, folder, wait), live.bar:
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


def _stored_plan(
    folder: Path, adapters: dict[str, Adapter], asked: RunAsked, hosts: Hosts | None
) -> Plan:
    run = store.open_run(folder)
    if run.slim:
        raise UsageError(
            f"{folder} is a slim run, its raw events are not there: go on with the whole run"
        )
    begun = run.manifest.plan
    refuse_other_ends(asked.fail_on)
    if asked.fail_on and begun.workload is None:
        raise UsageError(f"{folder} has no workload, and so no objective: leave --fail-on out")
    file = taken_up(begun.workload, folder, asked.workload) if begun.workload else None
    if file:
        refuse_variables(file, adapters.values())
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
        workload=file,
        search=begun.workload.search if begun.workload else None,
        placement=hosts.placement if hosts else None,
    )


def _answer(folder: Path, code: int) -> None:
    measured = stored_measures.open_measured(folder)
    rows = json.loads(measured.measures.to_json(orient="records"))
    document = {"run": measured.id, "folder": str(folder), "exit": code, "measures": rows}
    if measured.manifest.plan.workload:
        document |= load_document(folder)
    answer(document)
