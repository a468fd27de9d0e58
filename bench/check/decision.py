"""What a stream of blocks comes to.

Pure: the same blocks give the same decision, whoever measured them and whenever.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.analysis.comparison_result import Says
from bench.base.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_OK, EXIT_REGRESSION, EXIT_WRONG
from bench.check.blocks import GATED, HARD, LATE, SOFT, Block, Key, Number
from bench.check.estimate import Estimate
from bench.check.group_sequential import Judged, Rules, State, judge
from bench.model.metric import METRICS

TWICE = 2  # a count differs when so many blocks in a row say so, and no block anything else
CENSORED, CENSORED_TIMES = ("beyond", "unbounded"), 3
GIVE_UP_AFTER = 5  # blocks without a single number: whatever is wrong is not noise


@dataclass(frozen=True)
class GateFinding:
    """Where one measure stands, and on what."""

    key: Key
    state: State
    estimate: Estimate = field(default_factory=Estimate)
    suspected: int = 0
    reason: str = ""

    @property
    def says(self) -> Says:
        """The state in the words of a comparison."""
        if self.state not in ("larger", "smaller"):
            return "same" if self.state == "same" else "unclear"
        return "improvement" if self.state == _toward(self.key, better=True) else "regression"


@dataclass(frozen=True)
class Decision:
    """What the gate says after some blocks.

    `more`: the next block is wanted, of the scenarios `wanted`, which have an open measure; else
    `exit_code` stands. `notes` are what a reader must know first.
    """

    more: bool
    exit_code: int
    findings: tuple[GateFinding, ...]
    blocks: int
    notes: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


def decide(blocks: Sequence[Block], rules: Rules, ended: bool = False) -> Decision:
    """Where the gate stands after these blocks; `ended`: the budget holds no further one."""
    keys = list(dict.fromkeys(key for block in blocks for key in block.pairs))
    fates, notes = _fates(blocks, [key for key in keys if key.metric in (*HARD, *SOFT)], rules)
    judged = [
        _finding(blocks, key, rules, ended)
        for key in keys
        if key.metric in (rules.fail_on or GATED)
    ]
    findings = (*fates, *judged)
    wrong = any(each.says == "regression" and each.key.metric in HARD for each in fates)
    worse = any(each.says == "regression" for each in findings)
    nothing = not any(each.estimate.blocks for each in judged)
    waiting = [
        each for each in judged if each.state in ("open", "suspect") and asked_for(each, rules)
    ]
    # A task that was stuck once has to be stuck a second time, which only shows where it was.
    wanted = tuple(
        dict.fromkeys(
            each.key.scenario
            for each in (*waiting, *(fate for fate in fates if fate.state == "unclear"))
        )
    )
    more = (
        not (ended or wrong or worse)
        and bool(waiting)
        and not (nothing and len(blocks) >= GIVE_UP_AFTER)
    )
    if wrong:
        code = EXIT_WRONG
    elif worse:
        code = EXIT_REGRESSION
    else:
        code = EXIT_INVALID if nothing else _no_worse(judged, rules)
    return Decision(more, code, findings, len(blocks), notes, wanted)


def with_features(decision: Decision, findings: Sequence[GateFinding], note: str) -> Decision:
    """The decision with the findings on features and the note on their trials.

    A feature that is gone is a regression, whatever the blocks say.
    """
    gone = any(each.says == "regression" for each in findings) and decision.exit_code != EXIT_WRONG
    return replace(
        decision,
        exit_code=EXIT_REGRESSION if gone else decision.exit_code,
        findings=(*findings, *decision.findings),
        notes=(*decision.notes, note) if note else decision.notes,
    )


def _no_worse(judged: Sequence[GateFinding], rules: Rules) -> int:
    """The exit code where nothing is worse for certain: is it certain that nothing is?"""
    unsettled = any(
        asked_for(each, rules) and not _harmless(each, rules)
        if each.state in ("open", "suspect", "unclear")
        else each.state == "absent" and each.key.metric in rules.fail_on
        for each in judged
    )
    return EXIT_INCONCLUSIVE if unsettled else EXIT_OK


def asked_for(finding: GateFinding, rules: Rules) -> bool:
    """Whether the finding stands in the way as long as it is not settled.

    What is only watched does so once it is suspected.
    """
    return bool(finding.suspected) or rules.need(finding.key.metric)


def _harmless(finding: GateFinding, rules: Rules) -> bool:
    """Whether the interval excludes that head is worse by what was asked for; it may be better."""
    metric, estimate = METRICS[finding.key.metric], finding.estimate
    if metric.kind == "count" or finding.reason or not estimate.bounded:
        return False
    worst = -estimate.low if metric.better == "higher" else estimate.high
    return worst < math.log1p(rules.asked(finding.key.metric))


def _finding(blocks: Sequence[Block], key: Key, rules: Rules, ended: bool) -> GateFinding:
    # A scenario that was settled is left out of later blocks.
    pairs = [
        block.pairs.get(key, (Number(None, "invalid"), Number(None, "invalid")))
        for block in blocks
        if key.scenario in block.scenarios
    ]
    verdicts = [(base.verdict, head.verdict) for base, head in pairs]
    if ("ok", "not_offered") in verdicts:
        # No noise does that.
        return GateFinding(key, _toward(key, better=False), reason="the head no longer offers it")
    if all(
        base == head and base in ("not_offered", "unavailable", "withheld")
        for base, head in verdicts
    ):
        return GateFinding(key, "absent", reason=verdicts[0][0].replace("_", " "))
    if METRICS[key.metric].kind == "count":
        return _counted(key, both_values(pairs), rules, ended)
    logs = [_log(base.value, head.value) for base, head in pairs]
    return _censored(key, verdicts, judge(logs, rules, key.metric, ended))


def both_values(pairs: Sequence[tuple[Number, Number]]) -> list[tuple[float, float]]:
    """The values of base and head of the blocks that have both."""
    return [
        (base.value, head.value)
        for base, head in pairs
        if base.value is not None and head.value is not None
    ]


def _toward(key: Key, better: bool) -> State:
    """The state of a head that is better, or worse."""
    return "larger" if better == (METRICS[key.metric].better == "higher") else "smaller"


def _log(base: float | None, head: float | None) -> float | None:
    return (
        math.log(head) - math.log(base)
        if base is not None and head is not None and min(base, head) > 0
        else None
    )


def _censored(key: Key, verdicts: Sequence[tuple[str, str]], judged: Judged) -> GateFinding:
    """The finding, with the blocks in which one arm has no number because it was too slow.

    They are its worst blocks: what is left flatters it.
    """
    base = sum(below in CENSORED and above == "ok" for below, above in verdicts)
    head = sum(above in CENSORED and below == "ok" for below, above in verdicts)
    state, reason = judged.state, ""
    if head != base:
        reason = f"no end in sight in {base} blocks of the base and {head} of the head"
        state = "unclear" if state == "same" else state
    if max(base, head) >= CENSORED_TIMES and min(base, head) == 0:
        state = _toward(key, better=not head)
    return GateFinding(key, state, judged.estimate, judged.suspected, reason)


def _counted(
    key: Key, pairs: Sequence[tuple[float, float]], rules: Rules, ended: bool
) -> GateFinding:
    """An exact count: two blocks that say the same decide, the second is the second hit."""
    differences = [head - base for base, head in pairs]
    threshold = rules.threshold(key.metric)
    mean = math.fsum(differences) / len(differences) if differences else 0.0
    half = max((abs(each - mean) for each in differences), default=0.0)
    estimate = Estimate(mean, mean - half, mean + half, blocks=len(differences))
    state: State = "unclear" if ended else "open"
    if len(differences) >= TWICE:
        if min(differences) > threshold:
            state = "larger"
        elif max(differences) < -threshold:
            state = "smaller"
        elif abs(mean) <= threshold:
            state = "same"
    return GateFinding(key, state, estimate)


def _fates(
    blocks: Sequence[Block], keys: Sequence[Key], rules: Rules
) -> tuple[list[GateFinding], tuple[str, ...]]:
    """The fates that tasks of either arm met, over all blocks, and notes on them."""
    pairs = {key: [block.pairs[key] for block in blocks if key in block.pairs] for key in keys}
    findings = [
        _fate(key, met, rules)
        for key, met in pairs.items()
        if any(number.value for pair in met for number in pair)
    ]
    notes = tuple(
        f"the base is wrong too: {each.reason} ({each.key.scenario})"
        for each in findings
        if each.key.metric in HARD and any(base.value for base, _ in pairs[each.key])
    )
    return findings, notes


def _fate(key: Key, pairs: Sequence[tuple[Number, Number]], rules: Rules) -> GateFinding:
    base, head = (int(sum(pair[side].value or 0.0 for pair in pairs)) for side in (0, 1))
    state: State = "same"
    if not base or not head or _chance(max(base, head), base + head) <= rules.alpha / 2:
        state = "larger" if head > base else "smaller"
    blocks_hit = sum(bool(pair[head > base].value) for pair in pairs)
    if key.metric in LATE and state != "same" and blocks_hit < TWICE:
        state = "unclear"
    each = (head - base) / len(pairs)
    reason = f"{key.metric}: {base} of the base, {head} of the head"
    return GateFinding(key, state, Estimate(each, each, each, blocks=len(pairs)), reason=reason)


def _chance(larger: int, both: int) -> float:
    """Probability that of `both` events `larger` or more fall on one side, each as likely."""
    return float(sum(math.comb(both, k) for k in range(larger, both + 1)) / 2**both)
