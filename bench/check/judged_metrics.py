"""What the gate can judge of the cases that were chosen, known before anything is measured."""

from collections.abc import Iterable, Mapping

from bench.base.errors import UsageError
from bench.check.blocks import COMMANDS, GATED, Key, is_gated
from bench.check.run_blocks import OWN
from bench.model.broker import KINDS
from bench.model.scenario import Scenario, load_scenarios
from bench.run.plan import Plan, cells


def judged_metrics(plan: Plan) -> frozenset[str]:
    """The metrics of which the base of this plan has numbers.

    That a head lacks one of them is for the gate to find.
    """
    scenarios = load_scenarios()
    return frozenset(
        metric
        for cell in cells(plan)
        if cell.arm.name == plan.base and not scenarios[cell.scenario].skip(cell)
        for metric in _of_case(scenarios[cell.scenario], cell.case)
        if not _untold(metric, cell.arm.broker)
    )


def refuse_unmeasured(plan: Plan, named: Mapping[str, Iterable[str]]) -> None:
    """UsageError where the gate would judge nothing, or not what an option of `named` asks for."""
    judged = judged_metrics(plan)
    if not judged:
        raise UsageError(
            "nothing is selected that the gate judges: take case - of the burst, or latency at a "
            "load of 0.7 or less"
        )
    for option, metrics in named.items():
        if lacking := [metric for metric in metrics if metric not in judged]:
            raise UsageError(
                f"{option} {lacking[0]}: {_why_not(plan, lacking[0])}; what is chosen measures "
                f"{', '.join(name for name in GATED if name in judged)}"
            )


def _of_case(scenario: Scenario, case: str) -> list[str]:
    figures = () if case in scenario.prerequisites else scenario.figures(case)
    return [
        metric
        for metric in GATED
        if OWN.get(metric, metric) in figures and is_gated(Key(scenario.name, case, metric))
    ]


def _untold(metric: str, broker: str) -> str:
    """Why this broker does not tell it; empty where it may."""
    kind = KINDS[broker]
    told = kind.counts if metric == COMMANDS else kind.server or not metric.startswith("broker_")
    return "" if told else kind.uncounted


def _why_not(plan: Plan, metric: str) -> str:
    """That the base does not offer it, or which cases would measure it."""
    scenarios = load_scenarios()
    bases = [cell for cell in cells(plan) if cell.arm.name == plan.base]
    if any(metric in _of_case(scenarios[cell.scenario], cell.case) for cell in bases):
        return _untold(metric, bases[0].arm.broker) or f"{plan.base} does not offer it"
    found = {
        name: [case for case in each.all_cases() if metric in _of_case(each, case)]
        for name, each in scenarios.items()
        if each.gated
    }
    cases = " or ".join(
        f"--scenario {name} --case {' or '.join(those)}" for name, those in found.items() if those
    )
    return f"no chosen case measures it, take {cases}"
