"""What `bench run` can be asked for."""

from typing import Annotated, NamedTuple

import typer
from rich.markup import escape

from bench.commands.options import Adapters, Label, Out, Pass, WorkloadOption
from bench.run.plan import SIZES
from bench.run.search_plan import MINUTES

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
            help="burst, latency, recovery (these three unless named), work, result, soak, workload"
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
    workload: WorkloadOption = None
    find: Annotated[
        str | None,
        typer.Option(
            help="with a workload: rate, the largest multiple of its arrivals at which the "
            "objective holds, or workers, the fewest workers that hold it"
        ),
    ] = None
    find_minutes: Annotated[
        float | None,
        typer.Option(
            help="how long the probes of each arm may take together; "
            + ", ".join(f"{minutes:g} ({size})" for size, minutes in MINUTES.items())
            + " unless told"
        ),
    ] = None
    hosts: Annotated[
        str | None,
        typer.Option(
            "--hosts",
            metavar="FILE|netns:N",
            help="measure on several hosts: a hosts.toml (OpenSSH), or N namespaces of this "
            "machine; --workers counts for each worker host then, 1 unless told",
        ),
    ] = None
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="URL",
            help="measure on the hosts of a Dask cluster, tcp://scheduler:8786: one has the "
            "broker, one sends, the others work",
        ),
    ] = None
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="objective",
            help="exit with 1 where the objective of the workload is missed, with 2 where it "
            "cannot be told",
        ),
    ] = None
