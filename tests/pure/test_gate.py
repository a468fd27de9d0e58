"""The gate's decision on made-up blocks: quiet where nothing changed, loud where something did.

It is alike whichever arm is the base.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.analysis.comparison_result import Changes
from bench.check.blocks import COMMANDS, Block, Key, Number, is_gated
from bench.check.decision import Decision, decide
from bench.check.group_sequential import Rules, judge
from bench.check.looks import Looks
from bench.check.outcome import changes_of
from tools.gate_lab.replay import START_S
from tools.gate_lab.replay import drive as feed

RULES = Rules()
SPEED, P99 = Key("burst", "-", "throughput"), Key("latency", "load=0.5", "latency_p99_calm_ms")
WHOLE = Key("latency", "load=0.5", "latency_p99_ms")
CALLS, LOST, FAILED = (
    Key("burst", "-", COMMANDS),
    Key("burst", "-", "lost"),
    Key("burst", "-", "failed"),
)
logs = st.lists(st.floats(-0.2, 0.2), min_size=8, max_size=18)


def drive(made: Sequence[Block], rules: Rules, most: int) -> Decision:
    """A gate of so many blocks at most."""
    return feed(made, Looks(rules, most)).decision


def blocks(**by_name: Sequence[float]) -> list[Block]:
    """Blocks from log-ratios (or, of counts, differences) by name."""
    keys = {"speed": SPEED, "p99": P99, "whole": WHOLE, "calls": CALLS}
    length = max(map(len, by_name.values()))
    return [
        Block({keys[name]: pair(keys[name], series[at]) for name, series in by_name.items()})
        for at in range(length)
    ]


def pair(key: Key, value: float) -> tuple[Number, Number]:
    if key == CALLS:
        return Number(5.0), Number(5.0 + value)
    return Number(1000.0), Number(1000.0 * math.exp(value))


def noise(kind: str, sd: float, size: int, seed: int) -> list[float]:
    """Normal, heavy-tailed or autocorrelated, each of this sd."""
    rng = np.random.default_rng(seed)
    if kind == "t3":
        return list(rng.standard_t(3, size) * sd / math.sqrt(3))
    fresh = rng.standard_normal(size) * sd
    memory = 0.3 if kind == "ar" else 0.0
    for at in range(1, size):
        fresh[at] = memory * fresh[at - 1] + math.sqrt(1 - memory**2) * fresh[at]
    return list(fresh)


def codes(gates: int, shift: Mapping[str, float], kind: str = "normal") -> list[int]:
    found = []
    for seed in range(gates):
        series = {
            "speed": [each + shift.get("speed", 0.0) for each in noise(kind, 0.025, 22, 10 * seed)],
            "p99": [each + shift.get("p99", 0.0) for each in noise(kind, 0.10, 22, 10 * seed + 1)],
            "calls": [
                each + shift.get("calls", 0.0) for each in noise("normal", 0.002, 22, 10 * seed + 2)
            ],
        }
        found.append(drive(blocks(**series), RULES.within(22), 22).exit_code)
    return found


@pytest.mark.parametrize("kind", ["normal", "t3", "ar"])
def test_the_same_against_itself_is_let_through(kind: str) -> None:
    found = codes(300, {}, kind)
    assert found.count(1) == 0 and found.count(0) >= 285


@pytest.mark.parametrize(
    "shift", [{"speed": math.log(0.95)}, {"p99": math.log(1.25)}, {"calls": 1.0}]
)
def test_what_is_planted_is_caught(shift: dict[str, float]) -> None:
    assert codes(100, shift).count(1) >= 90


def test_an_improvement_of_the_same_size_is_one_and_lets_pass() -> None:
    found = drive(blocks(speed=[0.05 + each for each in noise("normal", 0.02, 22, 1)]), RULES, 22)
    assert found.exit_code == 0 and found.findings[0].says == "improvement"


@settings(max_examples=60, deadline=None)
@given(logs, logs)
def test_whichever_arm_is_the_base_the_verdict_is_the_mirror_image(
    speed: list[float], p99: list[float]
) -> None:
    made = blocks(speed=speed[:8], p99=p99[:8])
    there, back = (
        decide(made, RULES, ended=True),
        decide([block.swapped() for block in made], RULES, ended=True),
    )
    mirror = {"larger": "smaller", "smaller": "larger"}
    assert [each.state for each in back.findings] == [
        mirror.get(each.state, each.state) for each in there.findings
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=8, max_size=18), st.sampled_from([0.5, 2.0, 1024.0]))
def test_scaling_both_arms_changes_nothing(steps: list[int], factor: float) -> None:
    made = [Block({SPEED: (Number(1000.0), Number(1000.0 + step))}) for step in steps]
    scaled = [
        Block({SPEED: (Number(1000.0 * factor), Number((1000.0 + step) * factor))})
        for step in steps
    ]
    assert [each.state for each in decide(made, RULES).findings] == [
        each.state for each in decide(scaled, RULES).findings
    ]


def test_a_single_hit_fails_nothing() -> None:
    suspected = judge([-0.1] * 4 + [-0.101] * 4, RULES, "throughput", ended=False)
    assert (suspected.state, suspected.suspected) == ("suspect", 8)
    assert judge([-0.1, -0.101] * 4, RULES, "throughput", ended=True).state == "unclear"
    assert (
        judge([-0.1, -0.101] * 4 + [0.001, -0.001] * 3, RULES, "throughput", ended=False).state
        == "same"
    ), "the second look takes the fresh blocks alone"
    assert (
        judge([-0.1, -0.101] * 4 + [-0.1, -0.101] * 3, RULES, "throughput", ended=False).state
        == "smaller"
    )


def test_a_change_within_the_floor_is_none_however_sure() -> None:
    certain = [-0.015, -0.0151] * 7
    assert judge(certain, RULES, "throughput", ended=False).state == "same"


def test_it_ends_early_where_all_is_clear_and_goes_on_where_it_is_not() -> None:
    calm, wild = [0.001, -0.001] * 9, [0.6, -0.6] * 9
    assert drive(blocks(speed=calm, p99=calm), RULES, 18).blocks == 8
    found = drive(blocks(speed=calm, p99=wild), RULES, 18)
    assert (found.blocks, found.exit_code) == (18, 2)


def timed(length: int) -> list[Block]:
    """Blocks of a calm burst and a wild latency, with the seconds of each."""
    made = blocks(speed=[0.001, -0.001] * (length // 2), p99=[0.8, -0.8] * (length // 2))
    return [Block(block.pairs, {"burst": 14.0, "latency": 13.0}) for block in made]


def test_what_is_settled_is_left_out_and_the_budget_goes_to_what_is_not() -> None:
    looks = Looks(Rules(), budget_s=600.0)
    found = feed(timed(60), looks)
    assert looks.rules.looks == (8, 12, 18, 27, 43), (
        "as many looks as the shortest scenario alone could come to"
    )
    assert found.decision.exit_code == 2 and found.whole
    # Eight whole blocks, then latency alone: 20 + 8 · 27 + n · 13 up to 600.
    assert found.decision.blocks == 8 + int((600 - START_S - 8 * 27) / 13) and found.seconds <= 600
    assert decide(timed(8), Rules()).wanted == ("latency",)
    assert not feed(timed(12), Looks(Rules(), budget_s=600.0)).whole


def test_what_a_settled_scenario_said_stands_whatever_it_was() -> None:
    whole = timed(12)
    fewer = [*whole[:8], *(block.only(("latency",)) for block in whole[8:])]
    assert [each.state for each in decide(fewer, RULES).findings] == [
        each.state for each in decide(whole, RULES).findings
    ]
    absent = [
        Block({P99: (Number(None, "not_offered"),) * 2, SPEED: (Number(1.0), Number(1.0))})
    ] * 8 + [Block({SPEED: (Number(1.0), Number(1.0))})]
    assert (
        next(each.state for each in decide(absent, RULES).findings if each.key == P99) == "absent"
    )


def test_the_p99_of_whole_cells_is_watched_alone() -> None:
    wild = [0.6, -0.6] * 9
    found = drive(blocks(speed=[0.001, -0.001] * 9, whole=wild), RULES, 18)
    assert (found.blocks, found.exit_code) == (8, 0), (
        "its noise asks for no more blocks and stands in nobody's way"
    )
    for named in (
        replace(RULES, fail_on=("throughput", "latency_p99_ms")),
        replace(RULES, thresholds={"latency_p99_ms": 0.1}),
    ):
        assert drive(blocks(speed=[0.001, -0.001] * 9, whole=wild), named, 18).exit_code == 2, (
            "named, it is judged as any other"
        )
    made = blocks(speed=[0.001, -0.001] * 9, p99=wild, whole=wild)
    summary = told(drive(made, RULES, 18), made).summary
    assert "calmer half" in summary and "more)" not in summary


def test_the_p99_of_whole_cells_is_judged_by_ranks_so_that_one_stall_hides_nothing() -> None:
    slower = [math.log(1.3) + each for each in noise("normal", 0.1, 40, 5)]
    slower[3], slower[20] = -2.5, 2.5
    assert (
        drive(blocks(whole=slower, p99=noise("normal", 0.3, 40, 6)), RULES.within(40), 40).exit_code
        == 1
    )


def told(decision: Decision, made: Sequence[Block], rules: Rules = RULES) -> Changes:
    return changes_of(decision, made, ("a", "b"), rules, {})


def test_too_much_noise_is_inconclusive_and_says_what_would_be_needed() -> None:
    made = blocks(p99=[0.6, -0.6] * 9)
    found = told(drive(made, RULES, 18), made)
    assert found.exit_code == 2 and "needs" in found.summary and "blocks" in found.summary
    assert found.lines[0].says == "unclear" and found.lines[0].smallest_detectable is not None


def test_a_better_head_that_is_not_settled_lets_pass() -> None:
    """The noise hides how much better it is, not that it is no worse."""
    found = drive(blocks(p99=[-0.5 + each for each in noise("normal", 0.35, 18, 3)]), RULES, 8)
    assert found.exit_code == 0


def counted(base: Sequence[float], head: Sequence[float], key: Key = LOST) -> list[Block]:
    return [
        Block({key: (Number(a), Number(b)), SPEED: (Number(1.0), Number(1.0))})
        for a, b in zip(base, head, strict=True)
    ]


def test_a_task_lost_by_the_head_alone_ends_it_at_once() -> None:
    made = counted([0, 0, 0, 0], [0, 0, 1, 0])
    found = drive(made, RULES, 18)
    assert (found.exit_code, found.blocks) == (3, 3)
    assert "0 of the base, 1 of the head" in told(found, made).summary


def test_a_base_that_loses_too_is_said_and_is_not_held_against_the_head() -> None:
    found = drive(counted([1] * 8, [0, 2] * 4), RULES, 8)
    assert found.exit_code == 0 and "the base is wrong too" in found.notes[0]
    assert drive(counted([1] + [0] * 7, [30] + [0] * 7), RULES, 8).exit_code == 3


def test_a_loss_that_the_head_has_no_more_is_an_improvement() -> None:
    found = decide(counted([1] * 8, [0] * 8), RULES)
    assert found.exit_code == 0 and found.findings[0].says == "improvement"


def test_a_failed_task_is_a_regression() -> None:
    assert drive(counted([0, 0], [0, 3], FAILED), RULES, 18).exit_code == 1


def test_a_task_that_had_not_finished_needs_a_second_block() -> None:
    stuck = Key("latency", "load=0.5", "stuck")
    assert drive(counted([0] * 8, [2] + [0] * 7, stuck), RULES, 8).exit_code == 0
    assert drive(counted([0] * 8, [2, 1] + [0] * 6, stuck), RULES, 8).exit_code == 1


def test_one_command_more_needs_two_blocks_that_agree() -> None:
    assert drive(blocks(calls=[1.0, 1.0, 1.0]), RULES, 18).blocks == 2
    assert drive(blocks(calls=[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), RULES, 6).exit_code != 1
    better = decide(blocks(calls=[-1.0, -1.0]), RULES)
    assert better.findings[0].says == "improvement"


def test_what_the_head_no_longer_offers_is_a_regression() -> None:
    made = [Block({P99: (Number(1.0), Number(None, "not_offered"))})]
    found = drive(made, RULES, 18)
    assert found.exit_code == 1 and "no longer offers" in told(found, made).lines[0].reason


def test_a_head_without_end_in_sight_is_a_regression_though_it_has_no_number() -> None:
    endless = [
        Block({P99: (Number(1.0), Number(None, "unbounded")), SPEED: (Number(1.0), Number(1.0))})
    ] * 8
    assert drive(endless, RULES, 8).exit_code == 1
    once = [
        *endless[:1],
        *[Block({P99: (Number(1.0), Number(1.0)), SPEED: (Number(1.0), Number(1.0))})] * 7,
    ]
    assert drive(once, RULES, 8).exit_code == 2, "what is left flatters it"


def test_nothing_valid_ends_it_soon_and_is_never_green() -> None:
    unfit = [Block({SPEED: (Number(None, "invalid"), Number(1.0))})] * 18
    found = drive(unfit, RULES, 18)
    assert (found.exit_code, found.blocks) == (4, 5)
    assert told(found, unfit).summary.startswith("invalid")
    assert decide([], RULES, ended=True).exit_code == 4


def test_one_measure_without_a_number_is_inconclusive() -> None:
    made = [
        Block({SPEED: (Number(1.0), Number(1.0)), P99: (Number(None, "invalid"), Number(1.0))})
    ] * 18
    found = drive(made, RULES, 18)
    assert (
        found.exit_code == 2 and "no block has both numbers (invalid)" in told(found, made).summary
    )


def test_only_what_was_asked_for_is_judged() -> None:
    made = blocks(speed=[-0.2, -0.21] * 9, p99=[0.0, 0.001] * 9)
    assert drive(made, RULES, 18).exit_code == 1
    assert drive(made, replace(RULES, fail_on=("latency_p99_calm_ms",)), 18).exit_code == 0
    assert drive(made, replace(RULES, thresholds={"throughput": 0.3}), 18).exit_code == 0
    assert drive(made, replace(RULES, fail_on=("enqueue_rate",)), 18).exit_code == 4


def test_fewer_looks_leave_each_more_and_the_last_is_at_the_end_of_the_budget() -> None:
    assert RULES.within(22).looks == (8, 12, 22)
    assert RULES.within(16).looks == (8, 12, 16)
    assert RULES.within(10).looks == (5, 10) and RULES.within(4).looks == (3, 4)
    assert RULES.within(45).looks == (8, 12, 18, 27, 45)
    assert RULES.within(22).again == (6, 10) and RULES.within(45).again == (10, 18, 27)


@pytest.mark.parametrize(
    ("key", "gated"),
    [
        (P99, True),
        (Key("latency", "load=0.9", "latency_p99_ms"), False),
        (Key("latency", "rate=30", "latency_p99_ms"), False),
        (LOST, True),
    ],
)
def test_latencies_are_judged_up_to_load_07(key: Key, gated: bool) -> None:
    assert is_gated(key) is gated
