"""What to run: scenarios × arms × cases × blocks, in an order drawn from a stored seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.base import Adapter
from bench.base.errors import UsageError
from bench.base.typed import typed
from bench.hosts.machine import slots
from bench.model.arm import Arm, nearest, parse_arm
from bench.model.cell import Cell, Params
from bench.model.manifest import CellLine, PlanRecord
from bench.model.placement import HOSTS, SCALE, Placement
from bench.model.scenario import Scenario, gated_scenarios, load_scenarios, main_scenarios
from bench.workload.kept_files import recorded
from bench.workload.workload_file import WorkloadFile
from bench.workload.workload_record import SearchRecord

SIZES = ("smoke", "gate", "quick", "full")
TIME_CAP_S = 1200.0
MINUTES_AT_MOST = 24 * 60.0
AROUND_S = 300.0
MOST = {"tasks": 100_000_000, "blocks": 10_000, "workers": 1_000}  # beyond is a slip of the finger


@dataclass(frozen=True)
class Plan:
    """Everything that decides which cells there are."""

    scenarios: Sequence[str]
    arms: Sequence[Arm]
    cases: Sequence[str] = ()
    size: str = "full"
    tasks: int | None = None
    blocks: int = 1
    workers: int = 1
    seed: int = 0
    label: str = ""
    time_cap_s: float = TIME_CAP_S
    minutes: float | None = None
    base: str = ""  # the arm whose capacity sets the rates of all: when versions are compared
    passed: tuple[str, ...] = ()  # names of the user's variables that measured processes get too
    # Scenarios that have fewer blocks: a gate leaves out what is settled.
    until: Mapping[str, int] = field(default_factory=dict)
    workload: WorkloadFile | None = None  # the load of the scenarios that have it from a file
    search: SearchRecord | None = None  # what is looked for with it, by cells beyond the planned
    placement: Placement | None = None  # several hosts; `workers` are those of all together

    def record(self) -> PlanRecord:
        """The plan as run.json keeps it."""
        return PlanRecord(
            scenarios=tuple(self.scenarios),
            arms=tuple(arm.name for arm in self.arms),
            cases=tuple(self.cases),
            size=self.size,
            tasks=self.tasks,
            blocks=self.blocks,
            workers=self.workers,
            time_cap_s=self.time_cap_s,
            minutes=self.minutes,
            base=self.base,
            until=self.until,
            passed=self.passed,
            workload=recorded(self.workload, self.search) if self.workload else None,
            hosts=self.placement.engine_and_count if self.placement else "",
        )


def make_plan(
    scenarios: Sequence[str],
    arms: Sequence[str],
    cases: Sequence[str],
    adapters: Mapping[str, Adapter],
    *,
    size: str = "full",
    tasks: int | None = None,
    blocks: int = 1,
    workers: int | None = None,
    seed: int = 0,
    label: str = "",
    time_cap_s: float = TIME_CAP_S,
    minutes: float | None = None,
    base: str = "",
    passed: tuple[str, ...] = (),
    until: Mapping[str, int] | None = None,
    workload: WorkloadFile | None = None,
    search: SearchRecord | None = None,
    placement: Placement | None = None,
) -> Plan:
    """A plan from the words of the command line, with defaults for what was not given.

    UsageError for an unknown word, with the nearest match, and for a number out of range.
    """
    names = _chosen_scenarios(scenarios, size)
    chosen = [load_scenarios()[name] for name in names]
    chosen_cases = _chosen_cases(_of_hosts(cases, placement), chosen)
    _check_workload(chosen, workload)
    _check_numbers(tasks=tasks, blocks=blocks, workers=workers)
    if minutes is not None:
        _check_minutes(minutes, chosen)
        # Who asks for an hour does not want it cut after twenty minutes.
        time_cap_s = max(time_cap_s, 60 * minutes + AROUND_S)
    if workload is not None:
        time_cap_s = max(time_cap_s, _longest_s(chosen, chosen_cases, size, workload) + AROUND_S)
    texts = list(arms) or [
        f"{name}/default" for name in sorted(adapters, key=lambda name: (name == "floor", name))
    ]
    return Plan(
        names,
        list({arm.name: arm for arm in (parse_arm(text, adapters) for text in texts)}.values()),
        chosen_cases,
        size,
        tasks,
        blocks,
        slots() if workers is None else workers,
        seed,
        label,
        time_cap_s,
        minutes,
        base,
        passed,
        until or {},
        workload,
        search,
        placement,
    )


def _of_hosts(words: Sequence[str], placement: Placement | None) -> list[str]:
    """The words, `scale` as each number of worker hosts; UsageError for more than there are."""
    most = len(placement.workers) if placement else 0
    if not most and any(word == SCALE or word.startswith(f"{HOSTS}=") for word in words):
        raise UsageError("this case takes several worker hosts: name them by --hosts")
    numbers = [f"{HOSTS}={number}" for number in range(1, most + 1)]
    for word in words:
        if word.startswith(f"{HOSTS}=") and word not in numbers:
            raise UsageError(f"--case {word}: there are {most} worker hosts")
    return [each for word in words for each in (numbers if word == SCALE else [word])]


def _check_workload(scenarios: Sequence[Scenario], workload: WorkloadFile | None) -> None:
    """UsageError for a scenario whose load is in a file where none was named, and the reverse."""
    by_file = [each.name for each in scenarios if each.by_file]
    if by_file and workload is None:
        raise UsageError(
            f"{by_file[0]} runs a load of yours: name one by --workload FILE "
            "(`bench workload new FILE` writes one)"
        )
    if workload is not None and not by_file:
        known = [each.name for each in load_scenarios().values() if each.by_file]
        raise UsageError(
            f"{workload.path} is a load of {known[0]}: "
            f"name that scenario, `bench run {known[0]} --workload {typed(workload.path)}`"
        )


def _longest_s(
    scenarios: Sequence[Scenario], cases: Sequence[str], size: str, file: WorkloadFile
) -> float:
    """How long a load from a file lasts at most, in the cells that were asked for."""
    return max(
        float(each.loaded(file, each.params(case, size, None)).get("load_s", 0.0))
        for each in scenarios
        if each.by_file
        for case in (*each.cases(size), *filter(each.takes, cases))
    )


def _chosen_scenarios(given: Sequence[str], size: str) -> list[str]:
    """The scenarios that were named, or those of a run of this size."""
    for name in given:
        if name not in load_scenarios():
            raise nearest(name, load_scenarios(), "scenario")
    if size not in SIZES:
        raise nearest(size, SIZES, "size")
    gated = gated_scenarios()
    # A load from a file can be repeated too: it is as long as whoever wrote it wants.
    by_file = [name for name, each in load_scenarios().items() if each.by_file]
    if size == "gate" and (other := [name for name in given if name not in (*gated, *by_file)]):
        raise UsageError(
            f"{other[0]} has no size gate: take {' or '.join(gated)}, or another --size"
        )
    return list(given or (gated if size == "gate" else main_scenarios()))


def _chosen_cases(words: Sequence[str], scenarios: Sequence[Scenario]) -> list[str]:
    """The cases that the words stand for, each once; UsageError for one of no scenario."""
    cases = list(dict.fromkeys(case for word in words for case in _meant(word, scenarios)))
    for case in cases:
        if not any(each.takes(case) for each in scenarios):
            known = dict.fromkeys(case for each in scenarios for case in each.all_cases())
            raise nearest(
                case, [*known, *(word for each in scenarios for word in each.groups)], "case"
            )
    return cases


def _check_numbers(**options: int | None) -> None:
    for option, value in options.items():
        if value is not None and value < 1:
            raise UsageError(f"--{option} {value}: give a number from 1 on")
        if value is not None and value > MOST[option]:
            raise UsageError(f"--{option} {value}: give a number up to {MOST[option]}")


def _check_minutes(minutes: float, scenarios: Sequence[Scenario]) -> None:
    if not 0 < minutes <= MINUTES_AT_MOST:
        raise UsageError(
            f"--minutes {minutes:g}: give a number above 0 and up to {MINUTES_AT_MOST:g}"
        )
    if not any(
        "minutes" in each.params(case, "full", None)
        for each in scenarios
        for case in each.cases("full")
    ):
        raise UsageError(
            "--minutes says how long a soak lasts: name that scenario, `bench run soak`"
        )


def _meant(word: str, scenarios: Sequence[Scenario]) -> list[str]:
    """The cases that a word stands for: its group in each scenario that has one, or itself."""
    group = [case for scenario in scenarios for case in scenario.groups.get(word, ())]
    return group or [word]


def cells(plan: Plan) -> list[Cell]:
    """The cells in the order in which they run."""
    scenarios = load_scenarios()
    turns = [
        (block, scenarios[name], arm, case)
        for block in range(plan.blocks)
        for name in plan.scenarios
        if block < plan.until.get(name, plan.blocks)
        for arm, case in _turns(scenarios[name], plan, block)
    ]
    if not turns:
        raise UsageError("the plan is empty: no scenario has the cases that were asked for")
    return [
        cell_of(plan, number, scenario, case, arm, block)
        for number, (block, scenario, arm, case) in enumerate(turns, 1)
    ]


def cell_of(plan: Plan, number: int, scenario: Scenario, case: str, arm: Arm, block: int) -> Cell:
    """One cell of a plan, planned beforehand or, as the probes of a search are, as it goes."""
    drawn_as, params = scenario.drawn_as(case), _params(scenario, case, plan)
    slots = scenario.slots(case, plan.workers)
    if plan.placement and HOSTS in params:
        slots = plan.placement.slots_of(int(params[HOSTS]), slots)
    return Cell(
        number,
        scenario.name,
        case,
        arm,
        block,
        slots,
        random.Random(f"{plan.seed}/{block}/{scenario.name}/{drawn_as}").getrandbits(31),
        params,
        plan.passed,
        plan.workload if scenario.by_file else None,
    )


def cell_at(plan: Plan, line: CellLine) -> Cell:
    """The cell of a line of run.json; UsageError where its arm is none of the plan's."""
    arms = {arm.name: arm for arm in plan.arms}
    if line.arm not in arms:
        raise nearest(line.arm, arms, "arm of this run")
    scenario = load_scenarios()[line.scenario]
    return cell_of(plan, line.number, scenario, line.case, arms[line.arm], line.block)


def _params(scenario: Scenario, case: str, plan: Plan) -> Params:
    """The parameters of a case at the plan's size, with the plan's minutes where it has any, and
    with what its file says where its load is in one."""
    params = scenario.params(case, plan.size, plan.tasks)
    if plan.minutes is not None and "minutes" in params:
        return {**params, "minutes": plan.minutes}
    if scenario.by_file and plan.workload is not None:
        return {**params, **scenario.loaded(plan.workload, params)}
    return params


def _turns(scenario: Scenario, plan: Plan, block: int) -> list[tuple[Arm, str]]:
    """(arm, case) of a block, arm after arm in the order drawn for it.

    What the base alone is measured for comes first.
    """
    arms = list(plan.arms)
    random.Random(f"{plan.seed}/{block}/{scenario.name}").shuffle(arms)
    cases = _cases(scenario, plan, block)
    if not plan.base:
        return [(arm, case) for arm in arms for case in cases]
    first = [
        (arm, case)
        for arm in arms
        if arm.name == plan.base
        for case in cases
        if case in scenario.prerequisites
    ]
    return first + [
        (arm, case) for arm in arms for case in cases if case not in scenario.prerequisites
    ]


def _cases(scenario: Scenario, plan: Plan, block: int) -> list[str]:
    wanted = list(scenario.cases(plan.size))
    if plan.cases:
        wanted = [case for case in plan.cases if scenario.takes(case)]
        needed = dict.fromkeys(basis for case in wanted for basis in scenario.rests_on(case))
        wanted = [*(case for case in needed if case not in wanted), *wanted]
    # Taken once and kept for all blocks, so that the rates stay the same.
    return [case for case in wanted if block == 0 or case not in scenario.prerequisites]
