"""The gate live: blocks of base and head, in random order, through the runner.

There is one block more as long as the decision wants it and the budget has room.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from bench.analysis.comparison_result import Changes
from bench.base.errors import EXIT_INTERNAL, BenchError, Unavailable, UsageError
from bench.check.blocks import Block
from bench.check.check_options import CheckOptions, planned
from bench.check.decision import Decision, GateFinding, decide, with_features
from bench.check.group_sequential import Rules
from bench.check.looks import Looks
from bench.check.outcome import changes_of
from bench.check.run_blocks import blocks_in
from bench.model.arm import Arm
from bench.model.stored import Json
from bench.record import documents, store
from bench.run.run_start import new_folder
from bench.run.runner import Runner, Watcher

# A burst is so many tasks as the base drains in it: foreign load cannot be judged in a phase
# below 2 s.
DRAIN_S = 2.7
FEWEST, MOST = 500, 40_000
FILE = "gate.json"
SHOWN = ("cpu", "cores", "cpu_quota_cores", "kernel", "virtual")  # of the machine


# Features tried at base and head, into a folder, each step said: what differs, and a line on it.
# Handed in, because what carries trials out stands above what judges.
Trials = Callable[
    [Arm, Arm, Path, Callable[[str], None], tuple[str, ...]], tuple[tuple[GateFinding, ...], str]
]


@dataclass
class LiveGate:
    """A gate that measures; it keeps the last decision.

    `runner` is prepared. `began`: of the measuring, by the monotonic clock; what is installed and
    tried before it does not count, for the budget is for measuring.
    """

    options: CheckOptions
    runner: Runner
    arms: tuple[str, str]
    decision: Decision | None = None
    began: float = field(default_factory=time.monotonic)

    @cached_property
    def looks(self) -> Looks:
        """The looks that this gate takes, under the rules of its options."""
        rules = Rules(thresholds=self.options.thresholds, fail_on=self.options.fail_on)
        return Looks(rules, budget_s=self.options.budget_s)

    def wanted(self, measures: pd.DataFrame) -> bool:
        """Whether one more block is wanted and fits; `measures`: rows as in measures.csv."""
        self.decision = self.looks.after(self.blocks(measures), time.monotonic() - self.began)
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
        """The blocks done so far, each with the seconds that its like will take.

        What is measured once does not count.
        """
        return blocks_in(store.Run(self.runner.folder, self.runner.manifest), *self.arms, measures)

    def stored_blocks(self) -> list[Block]:
        """The blocks of the run that has ended, as anyone reads them later."""
        return blocks_in(store.open_run(self.runner.folder), *self.arms)

    def measure(self) -> None:
        """Measure blocks as long as they are wanted.

        UsageError where the base cannot be measured here, BenchError where a cell failed by a
        fault of ours.
        """
        _size_burst(self.runner, self.options)
        self.runner.more = self.wanted
        if self.runner.carry_out() == EXIT_INTERNAL:
            raise BenchError(
                f"a cell failed by a fault of bench: its reason is in {self.runner.folder}/run.json"
            )

    def changes(self, features: tuple[GateFinding, ...] = (), note: str = "") -> Changes:
        """What the last decision comes to, with the findings on features; kept in gate.json."""
        assert self.decision is not None
        changes = changes_of(
            with_features(self.decision, features, note),
            self.stored_blocks(),
            self.arms,
            self.looks.rules,
            _about(self.runner, self.options, self.began),
        )
        documents.write_json(self.runner.folder / FILE, changes.as_json())
        return changes


def check(options: CheckOptions, trials: Trials, watcher: Watcher | None = None) -> Changes:
    """Carry the gate out.

    UsageError before anything is measured, where base and head are one arm or nothing is judged.
    """
    runner, arms = prepared(options, watcher)
    features, note = _features(runner, options, arms, trials)
    gate = LiveGate(options, runner, (arms[0].name, arms[1].name))
    if any(each.says == "regression" for each in features):
        # It fails already: no minutes for numbers.
        gate.decision = decide((), gate.looks.rules, ended=True)
    else:
        gate.measure()
    return gate.changes(features, note)


def prepared(
    options: CheckOptions, watcher: Watcher | None = None
) -> tuple[Runner, tuple[Arm, Arm]]:
    """The runner with its folder, before anything is measured, and base and head as asked for."""
    plan, arms = planned(options)
    runner = Runner(
        plan,
        new_folder(options.out, plan.seed),
        options.servers,
        watcher or Watcher(),
        estimate=False,
    )
    runner.prepare()
    return runner, arms


def differ_in_code(base: Arm, head: Arm) -> bool:
    """Whether trials could tell the two apart: one system, other distributions or another Python.

    The settings of an arm are none of a trial's.
    """
    return (
        base.adapter.name == head.adapter.name
        and base.environment.identity() != head.environment.identity()
    )


def _features(
    runner: Runner, options: CheckOptions, arms: tuple[Arm, Arm], trials: Trials
) -> tuple[tuple[GateFinding, ...], str]:
    """What the head offers less or more, tried before any block, and a note on the trials.

    Nothing where base and head run the same code.
    """
    # Those of the runner's plan have the environment they run in.
    base, head = (next(each for each in runner.plan.arms if each.name == arm.name) for arm in arms)
    if not options.features or not differ_in_code(base, head):
        return (), ""
    return trials(base, head, runner.folder / "features", runner.watcher.said, options.passed)


def _size_burst(runner: Runner, options: CheckOptions) -> None:
    """As many tasks as the base drains in DRAIN_S, the same for both arms."""
    base = next(arm for arm in runner.plan.arms if arm.name == runner.plan.base)
    try:
        rates = runner.calibrate(base)
    except Unavailable as error:
        raise UsageError(f"{base.name} cannot be measured here: {error}") from None
    if options.tasks is None and options.workload is None:
        hundreds = round(rates.tasks_per_s * DRAIN_S / 100)
        runner.resize(max(FEWEST, min(MOST, hundreds * 100)))


def _about(runner: Runner, options: CheckOptions, began: float) -> Json:
    manifest = runner.manifest
    return {
        "run": manifest.run,
        "command": options.command(manifest.seed),
        "folder": str(runner.folder),
        "machine": {name: getattr(manifest.machine, name) for name in SHOWN},
        "versions": {arm: dict(versions) for arm, versions in manifest.versions.items()},
        "seed": manifest.seed,
        "seconds": round(time.monotonic() - began, 1),
        "budget_s": options.budget_s,
        "aa": options.aa,
    }
