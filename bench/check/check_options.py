"""What a gate is asked, and the plan of one block that follows from it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.analysis.stats import MIN_BLOCKS
from bench.base.errors import UsageError
from bench.brokers.choice import Servers
from bench.check.blocks import WORKLOAD
from bench.check.judged_metrics import judged_metrics, refuse_unmeasured
from bench.environments.handed_on import usable
from bench.hosts.machine import slots
from bench.model.arm import Arm, parse_arm, twin
from bench.model.scenario import gated_scenarios, load_scenarios
from bench.model.systems import load_adapters
from bench.run.plan import Plan, cells, make_plan
from bench.run.run_start import fresh_seed


@dataclass(frozen=True)
class CheckOptions:
    """What a gate is asked; what is empty or None is chosen by the gate."""

    base: str
    head: str
    scenarios: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    budget_s: float = 600.0
    fail_on: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    aa: bool = False
    # Try what the system offers first, where base and head run different code.
    features: bool = False
    workers: int | None = None
    tasks: int | None = None
    seed: int | None = None
    label: str = ""
    out: Path | None = None
    adapters: tuple[Path, ...] = ()
    servers: Servers = field(default_factory=dict)
    passed: tuple[str, ...] = ()  # names of variables that measured processes get too
    workload: Path | None = None  # a load of the user's, to be repeated in the place of ours

    def command(self, seed: int) -> str:
        """What to type to ask the same again with this seed.

        It is put together from the options, for the real command line may hold a password in a URL.
        """
        sides = ["--base", self.base, *(["--aa"] if self.aa else ["--head", self.head])]
        several: dict[str, Sequence[str | Path]] = {
            "--scenario": self.scenarios,
            "--case": self.cases,
            "--fail-on": self.fail_on,
            "--adapter": self.adapters,
            "--pass": self.passed,
            "--threshold": [f"{name}={share}" for name, share in self.thresholds.items()],
            "--workload": [self.workload] if self.workload else [],
        }
        named = [
            word
            for option, values in several.items()
            for value in values
            for word in (option, str(value))
        ]
        rest = ["--budget", f"{self.budget_s:g}s", "--seed", str(seed)]
        return shlex.join(["bench", "check", *sides, *named, *rest])


def planned(options: CheckOptions) -> tuple[Plan, tuple[Arm, Arm]]:
    """The plan of one block, and the two arms.

    UsageError where base and head are one arm, nothing would be judged, or a measure that is named
    would not be measured.
    """
    plan, arms = _plan(options)
    refuse_unmeasured(plan, {"--fail-on": options.fail_on, "--threshold": options.thresholds})
    if plan.workload:
        _refuse_too_long(plan, options)
    return plan, arms


def with_standing(options: CheckOptions, standing: Mapping[str, float]) -> CheckOptions:
    """The options with the thresholds of a file; those that were given go before them.

    A file's are for whatever may be chosen: only those of what is measured are taken.
    """
    if not standing:
        return options
    judged = judged_metrics(_plan(options)[0])
    held = {metric: share for metric, share in standing.items() if metric in judged}
    return replace(options, thresholds={**held, **options.thresholds})


def _plan(options: CheckOptions) -> tuple[Plan, tuple[Arm, Arm]]:
    known = load_adapters(options.adapters)
    base, head = parse_arm(options.base, known), parse_arm(options.head, known)
    if base.name == head.name:
        if not options.aa:
            raise UsageError(
                f"base and head are both {base.name}, nothing would be compared: name another "
                f"--head, or give --aa to measure the noise"
            )
        head = twin(base)
    # A test by pytest may name it by a text.
    file = usable(Path(options.workload), known.values()) if options.workload else None
    plan = make_plan(
        options.scenarios or ((WORKLOAD,) if file else gated_scenarios()),
        [base.name, head.name],
        options.cases,
        known,
        size="gate",
        tasks=options.tasks,
        workers=options.workers or workers_for_a_gate(),
        seed=fresh_seed() if options.seed is None else options.seed,
        label=options.label,
        base=base.name,
        passed=options.passed,
        workload=file,
    )
    return plan, (base, head)


def workers_for_a_gate() -> int:
    """One core is left to the broker and the callers (decision 27)."""
    return max(1, slots() - 1)


def _refuse_too_long(plan: Plan, options: CheckOptions) -> None:
    """Fewer than three blocks have no interval: such a gate could only say that it cannot tell."""
    scenario = load_scenarios()[WORKLOAD]
    rates = 1.0  # of tasks: how long a load from a file lasts hangs on none
    block_s = sum(
        scenario.seconds(cell.params, cell.case, rates, rates)
        for cell in cells(plan)
        if cell.scenario == WORKLOAD
    )
    if options.budget_s < MIN_BLOCKS * block_s:
        minutes = 2 * MIN_BLOCKS * block_s / 60
        raise UsageError(
            f"--budget {options.budget_s:g}s: base and head once take about {block_s:.0f} s with "
            f"this load, and {MIN_BLOCKS} times are the least: give {minutes:.0f}m or more, or a "
            "shorter load"
        )
