"""The gate live: blocks of base and head in random order through the runner, as long as the decision wants more and the budget has room."""

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.analysis.comparison_result import Changes
from bench.base.errors import EXIT_INTERNAL, BenchError, Unavailable, UsageError
from bench.brokers.choice import Servers
from bench.check.blocks import (
    COMMANDS,
    GATED,
    OF_BURST,
    OF_LATENCY,
    Block,
    Key,
    Recording,
    is_gated,
)
from bench.check.decision import Decision, Finding, decide, with_features
from bench.check.group_sequential import Rules
from bench.check.looks import Course
from bench.check.outcome import changes_of
from bench.check.run_blocks import blocks_in
from bench.hosts.machine import slots
from bench.model.arm import Arm, load_adapters, parse_arm, twin
from bench.model.scenario import gated_scenarios, load_scenarios
from bench.record import store
from bench.run.manifest import fresh_seed, new_folder
from bench.run.plan import Plan, cells, make_plan
from bench.run.runner import Runner
from bench.run.watcher import Watcher

DRAIN_S = 2.7  # a burst is so many tasks as the base drains in it: foreign load cannot be judged in a phase below 2 s
FEWEST, MOST = 500, 40_000
FILE = "gate.json"
SHOWN = ("cpu", "cores", "cpu_quota_cores", "kernel", "virtual")  # of the machine


# Features tried at base and head, into a folder, each step said: what differs, and a line on it.
# Handed in, because what carries trials out stands above what judges.
Trials = Callable[
    [Arm, Arm, Path, Callable[[str], None], tuple[str, ...]], tuple[tuple[Finding, ...], str]
]


@dataclass(frozen=True)
class Asked:
    """What a gate is asked; `blocks` = exactly so many and no decision on the way (a recording)."""

    base: str
    head: str
    scenarios: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    budget_s: float = 600.0
    fail_on: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    aa: bool = False
    features: bool = (
        False  # try what the system offers first, where base and head run different code
    )
    workers: int | None = None
    tasks: int | None = None
    seed: int | None = None
    label: str = ""
    out: Path | None = None
    blocks: int | None = None
    adapters: tuple[Path, ...] = ()
    servers: Servers = field(default_factory=dict)
    passed: tuple[str, ...] = ()  # names of variables that measured processes get too

    def rules(self) -> Rules:
        """The rules before it is known how many blocks the budget holds."""
        return Rules(thresholds=self.thresholds, fail_on=self.fail_on)


@dataclass
class Pace:
    """Decides after each block whether the next is begun, and what it has; keeps the last decision."""

    asked: Asked
    runner: Runner
    arms: tuple[str, str]
    began: float
    course: Course
    decision: Decision | None = None

    def wanted(self, measures: pd.DataFrame) -> bool:
        """Whether one more block is wanted and fits."""
        blocks = self.blocks(measures)
        if self.asked.blocks is not None:
            more = len(blocks) < self.asked.blocks
            self.decision = None if more else decide(blocks, self.course.rules, ended=True)
            return more
        self.decision = self.course.after(blocks, time.monotonic() - self.began)
        plan = self.runner.plan
        settled = {
            name: plan.blocks
            for name in plan.scenarios
            if name not in (*self.decision.wanted, *plan.until)
        }
        if self.decision.more and settled:
            self.runner.plan = replace(plan, until={**plan.until, **settled})
        return self.decision.more

    def blocks(self, measures: pd.DataFrame) -> list[Block]:
        """The blocks done so far, each with the seconds that its like will take: what is measured once does not count."""
        return blocks_in(store.Run(self.runner.folder, self.runner.info), *self.arms, measures)


def check(asked: Asked, trials: Trials, watcher: Watcher | None = None) -> Changes:
    """Carry the gate out; UsageError before anything is measured where it could only compare nothing."""
    return carry_out(asked, trials, watcher)[0]


def carry_out(
    asked: Asked, trials: Trials, watcher: Watcher | None = None
) -> tuple[Changes, Recording]:
    """The same, with the blocks that it rests on."""
    plan, arms = planned(asked)
    folder = new_folder(asked.out, plan.seed)
    runner = Runner(plan, folder, asked.servers, watcher or Watcher(), estimate=False)
    runner.prepare()
    features, told = _features(runner, asked, arms, trials)
    began = (
        time.monotonic()
    )  # the budget is for measuring: what is installed first is installed once
    pace = Pace(
        asked,
        runner,
        (arms[0].name, arms[1].name),
        began,
        Course(asked.rules(), budget_s=asked.budget_s),
    )
    if any(each.says == "regression" for each in features):
        pace.decision = decide(
            (), pace.course.rules, ended=True
        )  # it fails already: no minutes for numbers
    else:
        _size(runner, asked)
        runner.more = pace.wanted
        if runner.carry_out() == EXIT_INTERNAL:
            raise BenchError(
                f"a cell failed by a fault of bench: its reason is in {folder}/run.json"
            )
    assert pace.decision is not None
    blocks = blocks_in(store.open_run(folder), *pace.arms)
    decision = with_features(pace.decision, features, told)
    changes = changes_of(
        decision, blocks, pace.arms, pace.course.rules, _about(runner, asked, began)
    )
    store.write_json(folder / FILE, changes.as_json())
    return changes, Recording(folder.name, *pace.arms, tuple(blocks))


def planned(asked: Asked) -> tuple[Plan, tuple[Arm, Arm]]:
    """The plan of one block, and the two arms; UsageError where base and head are one, or nothing would be judged."""
    known = load_adapters(asked.adapters)
    base, head = parse_arm(asked.base, known), parse_arm(asked.head, known)
    if base.name == head.name:
        if not asked.aa:
            raise UsageError(
                f"base and head are both {base.name}, nothing would be compared: name another --head, or give --aa to measure the noise"
            )
        head = twin(base)
    seed = fresh_seed() if asked.seed is None else asked.seed
    rest: dict[str, Any] = {
        "tasks": asked.tasks,
        "workers": asked.workers or workers_for_a_gate(),
        "seed": seed,
        "label": asked.label,
    }
    rest |= {"base": base.name, "passed": asked.passed}
    plan = make_plan(
        asked.scenarios or gated_scenarios(),
        [base.name, head.name],
        asked.cases,
        known,
        size="gate",
        **rest,
    )
    _check_selection(plan, asked)
    return plan, (base, head)


def differ_in_code(base: Arm, head: Arm) -> bool:
    """Whether trials could tell the two apart: one system, other distributions. The settings of an arm are none of a trial's."""
    return (
        base.adapter.name == head.adapter.name
        and base.environment.identity() != head.environment.identity()
    )


def workers_for_a_gate() -> int:
    """One core is left to the broker and the callers (decision 27)."""
    return max(1, slots() - 1)


def _check_selection(plan: Plan, asked: Asked) -> None:
    of = {"burst": (*OF_BURST, COMMANDS), "latency": OF_LATENCY}
    rest_on = {name: each.prerequisites for name, each in load_scenarios().items()}
    places = dict.fromkeys(
        (cell.scenario, cell.case)
        for cell in cells(plan)
        if cell.case not in rest_on[cell.scenario] and cell.case != "bulk"
    )
    judged = {
        metric
        for scenario, case in places
        for metric in of[scenario]
        if is_gated(Key(scenario, case, metric))
    }
    if not judged:
        raise UsageError(
            "nothing is selected that the gate judges: take the burst, or latency at a load of 0.7 or less"
        )
    if lacking := [metric for metric in asked.fail_on if metric not in judged]:
        raise UsageError(
            f"--fail-on {lacking[0]}: no chosen scenario measures it; these do {', '.join(name for name in GATED if name in judged)}"
        )


def _features(
    runner: Runner, asked: Asked, names: tuple[Arm, Arm], trials: Trials
) -> tuple[tuple[Finding, ...], str]:
    """What the head offers less or more, tried before any block; nothing where base and head run the same code."""
    base, head = (next(arm for arm in runner.plan.arms if arm.name == name.name) for name in names)
    if not asked.features or not differ_in_code(base, head):
        return (), ""
    return trials(base, head, runner.folder / "features", runner.watcher.said, asked.passed)


def _size(runner: Runner, asked: Asked) -> None:
    """As many tasks as the base drains in some seconds, the same for both arms."""
    base = next(arm for arm in runner.plan.arms if arm.name == runner.plan.base)
    try:
        found = runner.calibrate(base)
    except Unavailable as error:
        raise UsageError(f"{base.name} cannot be measured here: {error}") from None
    if asked.tasks is None:
        hundreds = round(found.tasks_per_s * DRAIN_S / 100)
        runner.resize(max(FEWEST, min(MOST, hundreds * 100)))


def _about(runner: Runner, asked: Asked, began: float) -> dict[str, Any]:
    info = runner.info
    return {
        "run": info["run"],
        "command": _command(asked, info["seed"]),
        "folder": str(runner.folder),
        "machine": {name: info["machine"].get(name) for name in SHOWN},
        "versions": info["versions"],
        "seed": info["seed"],
        "seconds": round(time.monotonic() - began, 1),
        "budget_s": asked.budget_s,
        "aa": asked.aa,
    }


def _command(asked: Asked, seed: int) -> str:
    """What to type to ask the same again; put together from what was asked, for the real command line may hold a password in a URL."""
    words = [
        "bench",
        "check",
        "--base",
        asked.base,
        *(["--aa"] if asked.aa else ["--head", asked.head]),
    ]
    several: dict[str, Sequence[object]] = {"--scenario": asked.scenarios, "--case": asked.cases}
    several |= {"--fail-on": asked.fail_on, "--adapter": asked.adapters, "--pass": asked.passed}
    for option, values in several.items():
        words += [word for value in values for word in (option, str(value))]
    words += [
        word
        for name, share in asked.thresholds.items()
        for word in ("--threshold", f"{name}={share}")
    ]
    return shlex.join([*words, "--budget", f"{asked.budget_s:g}s", "--seed", str(seed)])
