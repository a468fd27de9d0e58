"""Carrying trials out: each in a process of its own, with a broker of its own, under a keeper."""

import importlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from adapters.base import Adapter
from bench.base.distributions import names_in
from bench.base.environ import built
from bench.base.errors import BenchError, CellFailed, Unavailable
from bench.brokers.choice import make_broker
from bench.features.judges import judge
from bench.hosts.local import Host
from bench.hosts.task_code import task_code
from bench.inprocess import cell_context
from bench.inprocess.trials import driver
from bench.inprocess.trials.trial import Trial
from bench.model.environment import OWN, Environment
from bench.model.feature import FEATURES, SECONDS, SLOW_SECONDS
from bench.model.feature_outcome import UNKNOWN, Finding, Judgement
from bench.record import documents

BESIDE = 2  # so many ordinary trials at a time: they wait more than they work
GRACE_S = 4.0  # to start the process and to write down what was observed
KEEP = ("observation.json", "marks.jsonl")
Report = Callable[[Finding], None]


@dataclass(frozen=True)
class Planned:
    """A trial, the adapter and module that it is from, and where it will run."""

    adapter: Adapter
    module: str
    trial: Trial
    environment: Environment = OWN
    passed: tuple[str, ...] = ()  # names of the user's variables that its processes get

    @property
    def place(self) -> str:
        """The folder of its evidence, relative to the run's."""
        # A server's settings file has no quotes around its folder: no blanks in names.
        slug = re.sub(r"[^\w.~-]+", "-", self.trial.name).strip("-")
        return f"trials/{self.adapter.name}/{slug}"


def planned(
    adapters: Iterable[Adapter],
    features: Sequence[str] = (),
    slow: bool = True,
    environment: Environment = OWN,
    passed: tuple[str, ...] = (),
) -> list[Planned]:
    """Every trial of these systems and features, in the order of the catalogue.

    The code of the systems is that of the environment.
    """
    places = [
        (adapter, f"{type(adapter).__module__.rpartition('.')[0]}.features") for adapter in adapters
    ]
    trials = [
        Planned(adapter, module, trial, environment, passed)
        for adapter, module in places
        if find_spec(module)
        for trial in importlib.import_module(module).TRIALS
        if (not features or trial.feature in features) and (slow or not trial.slow)
    ]
    order = list(FEATURES)
    return sorted(trials, key=lambda each: order.index(each.trial.feature))


def carry_out(
    plan: Sequence[Planned], folder: Path, report: Report = lambda finding: None
) -> list[Finding]:
    """Carry out all of them and give their findings in the order of the plan.

    The slow ones wait beside the ordinary ones; those that measure time or rate come last, each
    alone. One that came to no end is tried once more, alone: on a busy machine a trial may run out
    of time.
    """
    alone = [each for each in plan if FEATURES[each.trial.feature].alone and not each.trial.slow]
    slow = [each for each in plan if each.trial.slow]
    rest = [each for each in plan if each not in alone and each not in slow]
    findings: dict[str, Finding] = {}
    with ThreadPoolExecutor(max(len(slow), 1)) as waiting, ThreadPoolExecutor(BESIDE) as working:
        futures: list[tuple[Planned, Future[Finding]]] = [
            (each, waiting.submit(one, each, folder)) for each in slow
        ]
        futures += [(each, working.submit(one, each, folder)) for each in rest]
        try:
            for each, future in sorted(futures, key=lambda pair: pair[0].trial.slow):
                findings[each.place] = future.result()
                if findings[each.place].outcome != UNKNOWN:
                    report(findings[each.place])
        except BaseException:
            for _, future in futures:  # nobody waits for those that have not begun
                future.cancel()
            raise
    for each in [
        *alone,
        *(
            each
            for each in plan
            if each.place in findings and findings[each.place].outcome == UNKNOWN
        ),
    ]:
        finding = one(each, folder)
        findings[each.place] = (
            one(each, folder) if finding.outcome == UNKNOWN and each in alone else finding
        )
        report(findings[each.place])
    return [findings[each.place] for each in plan]


def one(each: Planned, folder: Path) -> Finding:
    """Carry out and judge one trial; whatever goes wrong with it is `unknown`."""
    evidence = folder / each.place
    shutil.rmtree(evidence, ignore_errors=True)
    work = evidence / "work"
    work.mkdir(parents=True)
    seconds = SLOW_SECONDS if each.trial.slow else SECONDS
    try:
        written = _in_a_room(each, evidence, work, seconds)
    except (BenchError, Unavailable) as error:
        written = {"gave_up": str(error)}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    observed = written.get("observation", {})
    judgement = (
        judge(each.trial.feature, observed)
        if "observation" in written
        else Judgement(UNKNOWN, written.get("gave_up", "nothing was written down"))
    )
    return Finding(
        system=each.adapter.name,
        feature=each.trial.feature,
        variant=each.trial.variant,
        outcome=judgement.outcome,
        text=judgement.text,
        figures=judgement.figures,
        versions=_versions(each),
        seconds=written.get("seconds", 0.0),
        folder=each.place,
        observation=observed,
    )


def _in_a_room(each: Planned, evidence: Path, work: Path, seconds: float) -> driver.Written:
    """Start keeper, broker and driver; what the driver wrote. CellFailed if that is nothing."""
    python = each.environment.program("python")
    with Host(work) as host, _broker(each, host, evidence) as url:
        try:
            words = (each.module, each.trial.name, str(host.work), str(seconds))
            process = host.spawn(
                [python, "-m", driver.__name__, *words],
                evidence / "driver.log",
                _env(each, url, host),
            )
            ended = process.wait(seconds + GRACE_S)
        finally:
            _keep(work, evidence)
    observed = evidence / "observation.json"
    if not observed.exists():
        raise CellFailed(
            "the trial's process ended without a word, see driver.log"
            if ended
            else f"the trial did not end within {seconds:.0f} s"
        )
    written: driver.Written = json.loads(observed.read_text(encoding="utf-8"))
    return written


@contextmanager
def _broker(each: Planned, host: Host, evidence: Path) -> Iterator[str]:
    """The URL of a broker of the trial's own while it serves; of none where it needs none."""
    name, log = each.trial.broker, evidence / "broker.log"
    if name == "none":
        yield "none://"
    else:
        broker = make_broker(name, host, host.work, log, each.adapter.push_command, (), {})
        broker.start()
        with closing(broker):
            yield broker.url


def _env(each: Planned, url: str, host: Host) -> dict[str, str]:
    ours = {
        "PYTHONPATH": str(task_code(host.work, each.adapter)),
        cell_context.BROKER: url,
        "TMPDIR": str(host.temporary),
    }
    return built(ours, each.passed)


def _keep(work: Path, evidence: Path) -> None:
    """Keep what was observed, the marks and the logs as evidence, shortened."""
    for path in [*(work / name for name in KEEP), *work.glob("process-*.log")]:
        if path.exists():
            shutil.copy(path, evidence / path.name)
    documents.trim_logs(evidence)


def _versions(each: Planned) -> dict[str, str]:
    names = (*names_in(each.adapter.packages), *each.trial.packages)
    if each.environment.folder is not None:
        there = {package.name: package.version for package in each.environment.packages}
        return {name: there[name] for name in names if name in there}
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
