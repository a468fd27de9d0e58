"""The rules: each requirement against one measure, the same one for every arm.

An arm that was not measured in that way is told how to be: what was drained says nothing beside
what was sustained, nor does the memory of one backlog beside that of another. The page's form runs
this module too, translated: see `bench.advise.javascript` for what may stand here.
"""

from collections.abc import Sequence
from typing import Final, Literal

from bench.advise.asked import Asked
from bench.advise.known import ArmFacts, Known
from bench.advise.memory import memory_check
from bench.advise.percentile import p99_check
from bench.advise.rate import rate_check
from bench.advise.requirement import Check, unknown
from bench.advise.wording import short

FAULTS_THAT_COUNT: Final = ("lost", "stuck", "failed")


def checks(asked: Asked, arm: ArmFacts, known: Known) -> list[Check]:
    """Every requirement that was asked for, in their order."""
    found = [Check("brokers", arm["broker"] in asked.brokers, f"it runs on {arm['broker']}")]
    if asked.rate is not None:
        found.append(rate_check(asked.rate, asked, arm, known))
    if asked.p99_ms is not None:
        found.append(p99_check(asked.p99_ms, asked, arm, known))
    if asked.memory_mb is not None:
        found.append(memory_check(asked.memory_mb, asked, arm, known))
    if not asked.may_lose:
        words = "lost, stuck or failed"
        found.append(_never(arm, FAULTS_THAT_COUNT, "may_lose", words, known["workers"]))
    if not asked.may_double:
        found.append(_never(arm, ("doubled",), "may_double", "run twice", known["workers"]))
    features = [_feature(name, arm, known) for name in asked.needs]
    return [*found, *features]


def _never(
    arm: ArmFacts,
    fates: Sequence[Literal["lost", "doubled", "stuck", "failed"]],
    requirement: str,
    words: str,
    workers: int,
) -> Check:
    """Over all core faults that were measured; none of few is told with how few.

    Refused calls exclude no arm, as the caller knows of them, but they are told.
    """
    hit = sum([seen["hit"] for seen in arm["faults"].values()])
    if hit == 0:
        why = "no fault that hit a task was measured"
        return unknown(requirement, why, "recovery --case core", workers, [arm["arm"]])
    bad = [
        f"{fault}: {seen[fate]} of {seen['hit']} {fate} (cell {seen['cells']})"
        for fault, seen in arm["faults"].items()
        for fate in fates
        if seen[fate]
    ]
    if bad:
        return Check(requirement, False, "; ".join(bad))
    refused = sum([seen["refused"] for seen in arm["faults"].values()])
    calls = f"; {refused} calls refused" if refused else ""
    over = ", ".join([f"{fault} ({seen['strikes']}×)" for fault, seen in arm["faults"].items()])
    sure = min([seen["harmless"] for seen in arm["faults"].values()]) * 100
    bound = f"so few strikes show that {short(sure)} in 100 do no harm, with 95 % confidence"
    return Check(requirement, True, f"0 of {hit} {words} in {over}; {bound}{calls}")


def _feature(name: str, arm: ArmFacts, known: Known) -> Check:
    outcome = known["features"].get(arm["system"], {}).get(name)
    if outcome is None:
        return Check(name, None, "not tried")
    if outcome == "unknown":
        return Check(name, None, "the trial came to no end")
    return Check(name, outcome in ("works", "partly"), outcome)
