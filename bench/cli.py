"""The commands. Every bad word ends in one line that says what to do next, and never in a traceback."""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.exceptions import TyperException

from bench import arms, lock, measuring, store
from bench.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, BenchError, UsageError
from bench.plan import SIZES, Plan, load_scenarios, make_plan
from bench.version import VERSION

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Compare the Python task queues Celery, RQ and Huey, by numbers that can be traced.")
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output and nothing else there")]
RunArg = Annotated[str, typer.Argument(metavar="RUN", help="a run folder or the id of a run under results/")]
Adapters = Annotated[list[Path], typer.Option("--adapter", help="a folder with an adapter of your own (adapter.py and app.py)")]


def console(quiet: bool = False) -> Console:
    """Where words for people go: standard error when standard output is for a machine."""
    return Console(stderr=quiet, highlight=False)


def answer(value: Any) -> None:
    """The one JSON document."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


@app.command()
def run(
    scenario: Annotated[list[str] | None, typer.Argument(help="burst, latency, recovery; all of them unless named")] = None,
    arm: Annotated[list[str], typer.Option("--arm", help="SYSTEM/PROFILE, such as celery/tuned; may be given several times")] = [],  # noqa: B006  (typer wants a literal)
    case: Annotated[list[str], typer.Option("--case", help="only these cases, such as load=0.5 or worker-crash")] = [],  # noqa: B006
    size: Annotated[str, typer.Option(help=" | ".join(SIZES))] = "full",
    tasks: Annotated[int | None, typer.Option(help="tasks of a burst, and tasks due in a latency cell")] = None,
    blocks: Annotated[int, typer.Option(help="repetitions of every arm, in random order")] = 1,
    workers: Annotated[int | None, typer.Option(help="slots of every system; the number of cores unless told")] = None,
    redis: Annotated[str | None, typer.Option(envvar="QUEUE_BENCH_REDIS", help="an empty Redis database of your own; the variable hides its password")] = None,
    rabbitmq: Annotated[str | None, typer.Option(envvar="QUEUE_BENCH_RABBITMQ", help="an empty virtual host of your own RabbitMQ, amqp://…")] = None,
    postgres: Annotated[str | None, typer.Option(envvar="QUEUE_BENCH_POSTGRES", help="an empty PostgreSQL database of your own, postgresql://…")] = None,
    adapter: Adapters = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="for the order, the arrivals and the moments of the faults")] = None,
    label: Annotated[str, typer.Option(help="a text that stands in the report")] = "",
    out: Annotated[Path | None, typer.Option(help="the run folder itself; results/<run-id> unless told")] = None,
    resume: Annotated[str | None, typer.Option(help="go on with a run that was cut off")] = None,
    time_cap: Annotated[float, typer.Option(help="seconds after which a cell is measured on what it did")] = 1200.0,
    wait: Annotated[bool, typer.Option("--wait", help="wait for another bench on this host instead of stopping")] = False,
    as_json: Json = False,
) -> None:
    """Measure: burst, latency and recovery of the default profiles unless told otherwise."""
    from bench.live import measure_live

    known = arms.load_adapters(adapter)
    if resume is not None:
        folder = find_run(resume)
        plan = _stored_plan(folder, known)
    else:
        from bench.runner import fresh_seed, new_folder

        if time_cap <= 0:
            raise UsageError(f"--time-cap {time_cap:g}: give a number of seconds above 0")
        given = seed if seed is not None else fresh_seed()
        plan = make_plan(scenario or [], arm, case, known, size=size, tasks=tasks, blocks=blocks, workers=workers, seed=given, label=label, time_cap_s=time_cap)
        folder = new_folder(out, given)
    with lock.measuring(wait, console(as_json).print):
        servers = {name: url for name, url in (("redis", redis), ("rabbitmq", rabbitmq), ("postgres", postgres)) if url}
        code = measure_live(plan, folder, servers, console(as_json), resuming=resume is not None)
    if as_json:
        answer(_summary(folder, code))
    raise typer.Exit(code)


def _stored_plan(folder: Path, known: dict[str, Any]) -> Plan:
    info = store.open_run(folder).info
    stored = info["plan"]
    options = {name: stored[name] for name in ("size", "tasks", "blocks", "workers", "time_cap_s")}
    return make_plan(stored["scenarios"], stored["arms"], stored["cases"], known, seed=info["seed"], label=info.get("label", ""), **options)


def _summary(folder: Path, code: int) -> dict[str, Any]:
    measured = measuring.open_measured(folder)
    return {"run": measured.id, "folder": str(folder), "exit": code, "measures": json.loads(measured.measures.to_json(orient="records"))}


@app.command()
def report(
    run: Annotated[list[str], typer.Argument(metavar="RUN…", help="run folders or ids; several are joined")],
    out: Annotated[Path | None, typer.Option(help="the HTML file; reports/<run>.html unless told")] = None,
    as_json: Json = False,
) -> None:
    """Make the HTML report of a stored run, and print its headline."""
    from bench.live import write_report

    runs = [measuring.open_measured(find_run(name)) for name in run]
    path = write_report(runs, out, console(as_json), headline=not as_json)
    if as_json:
        answer({"report": str(path), "runs": [each.id for each in runs]})


@app.command()
def measure(run: RunArg, as_json: Json = False) -> None:
    """Compute measures.csv and comparisons.csv of a stored run anew, from its events alone."""
    from bench.live import shown as in_words

    opened = store.open_run(find_run(run))
    measures = measuring.measure_run(opened)
    measuring.write(opened, measures)
    if as_json:
        return answer(json.loads(measures.to_json(orient="records")))
    shown = console()
    for row in measures.itertuples():
        words = "" if row.verdict == "ok" else f" {row.verdict} {row.reason}"
        shown.print(f"{row.scenario} {row.case} {row.arm} {row.metric}: {in_words(row)}{words}", markup=False, soft_wrap=True)


@app.command()
def selftest(
    quick: Annotated[bool, typer.Option("--quick", help="the most telling checks, less than 3 minutes")] = False,
    noise: Annotated[int, typer.Option(help="also so many blocks of one arm against itself")] = 0,
    out: Annotated[Path | None, typer.Option(help="the folder of the selftest; results/selftest-<time> unless told")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="wait for another bench on this host instead of stopping")] = False,
    as_json: Json = False,
) -> None:
    """Measure the instrument with things whose truth is known, and say what came out."""
    from bench.selftest.command import new_folder
    from bench.selftest.command import selftest as carry_out
    from bench.selftest.stored import FILE

    folder = out or new_folder()
    with lock.measuring(wait, console(as_json).print):
        code = carry_out(folder, quick, noise, console(as_json))
    if as_json:
        answer(store.read_json(folder / FILE))
    raise typer.Exit(code)


@app.command("list")
def list_all(adapter: Adapters = [], runs: Annotated[bool, typer.Option("--runs", help="the stored runs instead")] = False, as_json: Json = False) -> None:  # noqa: B006
    """Show every scenario, case, arm and setting with its documentation page; or the stored runs."""
    from bench.live import print_arms

    if runs:
        found = [path.parent.name for path in sorted(Path("results").glob("**/run.json"))]
        return answer(found) if as_json else console().print("\n".join(found) or "no runs under results/")
    slots = len(os.sched_getaffinity(0))
    described = [arms.Arm(a, p, p.redis, {}).describe(slots) for a in arms.load_adapters(adapter).values() for p in a.profiles.values()]
    scenarios = {name: {"about": s.about, "cases": list(s.all_cases())} for name, s in load_scenarios().items()}
    if as_json:
        return answer({"scenarios": scenarios, "arms": described})
    print_arms(scenarios, described, console())


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is there, what is missing and what to type, and what would disturb a measurement."""
    from bench.doctor import check, render

    findings = check()
    if as_json:
        answer([vars(finding) for finding in findings])
    else:
        render(findings, console())
    raise typer.Exit(EXIT_USAGE if any(finding.state == "missing" for finding in findings) else EXIT_OK)


def find_run(name: str) -> Path:
    """The folder of a run given by path or id."""
    for path in (Path(name), Path("results") / name):
        if path.is_dir():
            return path
    known = [path.parent.name for path in Path("results").glob("**/run.json")]
    raise arms.nearest(name, known, "run") if known else UsageError(f"there is no run {name!r}: `bench run` makes one")


def version_asked(asked: bool) -> None:
    """--version."""
    if asked:
        print(VERSION)
        raise typer.Exit()


@app.callback()
def options(version: Annotated[bool, typer.Option("--version", callback=version_asked, is_eager=True)] = False) -> None:
    """Nothing but --version."""


def guarded(work: Callable[[], Any]) -> int:
    """Run a command and turn whatever happens into an exit code and at most one line."""
    try:
        work()
        return EXIT_OK
    except typer.Exit as stop:
        return stop.exit_code
    except TyperException as error:
        # Called with nothing at all, typer has printed the help already and the message is empty.
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        if message:
            print(f"bench: {message}; `bench --help` shows what there is", file=sys.stderr)
        return EXIT_USAGE
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except BenchError as error:
        print(f"bench: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return EXIT_OK
    except Exception as error:
        if os.environ.get("QUEUE_BENCH_TRACEBACK"):
            raise
        print(f"bench: internal error: {type(error).__name__}: {error}; set QUEUE_BENCH_TRACEBACK=1 to see where", file=sys.stderr)
        return EXIT_INTERNAL


def _give_memory_back() -> None:
    """Have glibc return large arrays to the system when they are freed: it stops doing so once it has seen a few of them."""
    M_MMAP_THRESHOLD = -3
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 1 << 20)


def main() -> None:
    """The `bench` command."""
    _give_memory_back()
    # A shell that starts us in the background has SIGINT ignored: whoever sends one all the same means it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    result: list[Any] = []

    def work() -> None:
        result.append(typer.main.get_command(app)(standalone_mode=False))

    code = guarded(work)
    if code == EXIT_OK and result and isinstance(result[0], int):
        code = result[0]
    # Said here: typer turns a Ctrl-C into this code by itself.
    if code == EXIT_INTERRUPTED:
        print("bench: interrupted; what was measured is kept, `bench run --resume RUN` does the rest", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
