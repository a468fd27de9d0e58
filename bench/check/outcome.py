"""A decision as the result of a comparison (bench.analysis.comparison_result), and in words."""

import math
from collections.abc import Sequence

from bench.analysis.comparison_result import Change, Changes
from bench.analysis.stats import blocks_needed, sd_allowed, smallest_detectable, word
from bench.base.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_OK, EXIT_REGRESSION, EXIT_WRONG
from bench.check.blocks import HARD, Block, Key, Number
from bench.check.decision import Decision, GateFinding, asked_for, both_values
from bench.check.group_sequential import Rules
from bench.model.metric import METRICS, Metric
from bench.model.stored import Json

MEANING = {
    EXIT_OK: "ok",
    EXIT_REGRESSION: "regression",
    EXIT_INCONCLUSIVE: "inconclusive: the noise is larger than what was asked for",
    EXIT_WRONG: "wrong: tasks were lost or doubled",
    EXIT_INVALID: "invalid: nothing was measured that can be judged",
}


def changes_of(
    decision: Decision,
    blocks: Sequence[Block],
    arms: tuple[str, str],
    rules: Rules,
    about: Json,
) -> Changes:
    """All measures, the one that is farthest from "the same" first."""
    order = {"regression": 0, "unclear": 1, "improvement": 2}
    lines = sorted(
        (
            _line(finding, blocks, arms, rules)
            for finding in decision.findings
            if finding.state != "absent"
        ),
        key=lambda line: (order.get(line.says, 3), -line.weight, line.id),
    )
    used = {name: getattr(rules, name) for name in ("looks", "again", "alpha", "miss")}
    return Changes(
        f"{arms[1]} against {arms[0]}",
        *arms,
        decision.exit_code,
        _summary(lines, decision, rules),
        tuple(lines),
        decision.notes,
        {**about, "blocks": decision.blocks, "rules": used},
    )


def _line(
    finding: GateFinding, blocks: Sequence[Block], arms: tuple[str, str], rules: Rules
) -> Change:
    key, metric, estimate = finding.key, METRICS[finding.key.metric], finding.estimate
    pairs = [block.pairs[key] for block in blocks if key in block.pairs]
    base_value, head_value = (
        _middle([pair[side] for pair in both_values(pairs)], metric) for side in (0, 1)
    )
    ratio, low, high, weight = _estimate(finding, metric, rules)
    detectable = (
        smallest_detectable(estimate.sd, estimate.blocks, *_level_and_power(rules))
        if metric.kind == "ratio" and not math.isnan(estimate.sd)
        else None
    )
    return Change(
        *(key.scenario, key.case, key.metric),
        *arms,
        base_value,
        head_value,
        ratio,
        low,
        high,
        estimate.blocks,
        detectable,
        _verdict(finding, metric),
        finding.says,
        weight,
        _reason(finding, pairs, metric, rules),
        part=key.part,
    )


def _level_and_power(rules: Rules) -> tuple[float, float]:
    """Of one look of the first stage."""
    return rules.alpha / len(rules.looks), 1 - rules.miss


def _verdict(finding: GateFinding, metric: Metric) -> str:
    """In the words of comparisons.csv."""
    if finding.state not in ("larger", "smaller"):
        return "tie" if finding.state == "same" else "unclear"
    return word(
        finding.state == "larger",
        "none" if metric.kind == "count" else metric.better,
        duration=metric.name.startswith("latency"),
    )


def _middle(values: Sequence[float], metric: Metric) -> float | None:
    if not values:
        return None
    if metric.kind == "ratio" and min(values) > 0:
        return math.exp(math.fsum(map(math.log, values)) / len(values))
    return math.fsum(values) / len(values)


def _estimate(
    finding: GateFinding, metric: Metric, rules: Rules
) -> tuple[float | None, float | None, float | None, float]:
    """ratio, low, high, weight; the interval is that of the look that decided."""
    estimate = finding.estimate
    if not estimate.blocks:
        return None, None, None, math.inf if finding.says == "regression" else 0.0
    threshold = rules.threshold(metric.name)
    if metric.kind == "count":
        weight = abs(estimate.middle) / (threshold or 1.0)
        return estimate.middle, estimate.low, estimate.high, weight
    weight = abs(estimate.middle) / math.log1p(threshold)
    if not estimate.bounded:
        return math.exp(estimate.middle), None, None, weight
    return math.exp(estimate.middle), math.exp(estimate.low), math.exp(estimate.high), weight


def _reason(
    finding: GateFinding, pairs: Sequence[tuple[Number, Number]], metric: Metric, rules: Rules
) -> str:
    """Why it is not decided, and what would be needed."""
    if finding.reason or finding.says != "unclear" or finding.state in ("open", "suspect"):
        return finding.reason
    if not finding.estimate.blocks:
        verdicts = sorted(
            {number.verdict for pair in pairs for number in pair if number.value is None}
        )
        return f"no block has both numbers ({', '.join(verdicts)})"
    if metric.kind == "count":
        return "the blocks do not agree"
    if finding.suspected:
        return f"suspected once, not confirmed; {_needed(finding, rules)}"
    return ("" if rules.need(metric.name) else "only watched; ") + _needed(finding, rules)


def _needed(finding: GateFinding, rules: Rules) -> str:
    sd, blocks = finding.estimate.sd, finding.estimate.blocks
    asked = rules.asked(finding.key.metric)
    if math.isnan(sd):
        return f"{blocks} blocks are too few"
    level, power = _level_and_power(rules)
    needed, quiet = blocks_needed(sd, asked, level, power), sd_allowed(asked, blocks, level, power)
    if needed and needed <= blocks:
        return (
            f"the change is too close to what was asked for ({asked:.0%}) to be told from it in "
            f"{blocks} blocks"
        )
    return (
        f"blocks differ by {sd:.1%}: a change of {asked:.0%} needs "
        f"{needed or 'more than 4,000'} blocks, or blocks that differ by no more than {quiet:.1%}"
    )


def _summary(lines: Sequence[Change], decision: Decision, rules: Rules) -> str:
    counted = f"{decision.blocks} blocks"
    worse, better = (
        [line for line in lines if line.says == change] for change in ("regression", "improvement")
    )
    reasons = "; ".join(line.reason for line in worse if line.metric in HARD)
    gains = f"; better: {_named(better)}" if better else ""
    return {
        EXIT_OK: "ok: nothing is worse by what was asked for "
        f"({_asked(decision, rules)}; {counted}){gains}",
        EXIT_REGRESSION: f"regression: {_named(worse)} ({counted}){gains}",
        EXIT_INCONCLUSIVE: f"inconclusive after {counted}: "
        f"{_in_the_way(lines, decision, rules)}{gains}",
        EXIT_WRONG: f"wrong: {reasons} ({counted})",
        EXIT_INVALID: f"invalid: no block has a number of both arms ({counted}); the cells say why",
    }[decision.exit_code]


def _in_the_way(lines: Sequence[Change], decision: Decision, rules: Rules) -> str:
    """The first measure that is not settled and has to be, and how many more there are."""
    needed = {each.key for each in decision.findings if asked_for(each, rules)}
    unclear = [
        line
        for line in lines
        if line.says == "unclear"
        and Key(line.scenario, line.case, line.metric, line.part) in needed
    ]
    if not unclear:
        lacking = [name for name in rules.fail_on if name not in {line.metric for line in lines}]
        return f"no number of {', '.join(lacking)}"
    more = f" (and {len(unclear) - 1} more)" if len(unclear) > 1 else ""
    return f"{unclear[0].label}: {unclear[0].reason or 'not settled yet'}{more}"


def _asked(decision: Decision, rules: Rules) -> str:
    """The sizes that are ruled out; they differ by measure."""
    sizes = sorted(
        {
            rules.asked(each.key.metric)
            for each in decision.findings
            if METRICS[each.key.metric].kind == "ratio" and asked_for(each, rules)
        }
    )
    return (
        " to ".join(f"{100 * size:.3g} %" for size in dict.fromkeys((*sizes[:1], *sizes[-1:])))
        or "counts"
    )


def _named(lines: Sequence[Change]) -> str:
    return ", ".join(f"{line.label} {change_in_words(line)}" for line in lines)


def change_in_words(line: Change) -> str:
    """The estimate: a per cent, a difference of counts, or the reason or verdict without one."""
    if METRICS[line.metric].kind == "count" or line.ratio is None:
        return line.reason or (f"{line.ratio:+.3g}" if line.ratio is not None else line.verdict)
    return f"{line.ratio - 1:+.1%}"
