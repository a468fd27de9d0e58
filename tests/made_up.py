"""Made-up comparisons: every kind of line, and names that try to break out of each format."""

from typing import Any

from bench.analysis.comparison_result import Change, Changes

EVIL = "celery/default{x=<b>&\"'|`*_]]>}\n::error::%0A ${{ a }} --> ü🐇\x00\x1b[31m\u202e"


def line(metric: str = "throughput", says: Any = "same", **given: Any) -> Change:
    """A line of a burst: 972 against 921 tasks/s."""
    whole: dict[str, Any] = {
        "scenario": "burst",
        "case": "-",
        "base": "huey/process",
        "head": "huey/process{again}",
        "base_value": 972.0,
        "head_value": 921.0,
    }
    whole |= {
        "ratio": 0.948,
        "low": 0.94,
        "high": 0.956,
        "blocks": 8,
        "smallest_detectable": 0.012,
        "verdict": "slower",
        "weight": 2.6,
    }
    return Change(metric=metric, says=says, **(whole | given))


def comparison(code: int = 1, **given: Any) -> Changes:
    """A regression, an improvement, a count, a line without numbers, one that is the same."""
    nothing = dict.fromkeys(
        ("base_value", "head_value", "ratio", "low", "high", "smallest_detectable")
    )
    nan = float("nan")
    lines = (
        line(
            says="same",
            scenario="latency",
            case="load=0.5",
            metric="latency_p50_ms",
            ratio=1.001,
            low=0.99,
            high=1.01,
            weight=0.0,
            verdict="tie",
        ),
        line(
            says="improvement",
            metric="worker_memory_peak_bytes",
            base_value=9e7,
            head_value=8e7,
            ratio=0.889,
            low=0.87,
            high=0.9,
            weight=2.2,
            verdict="less",
        ),
        line(says="regression"),
        line(
            says="regression",
            metric="broker_commands_per_task",
            base_value=5.0,
            head_value=6.0,
            ratio=1.0,
            low=1.0,
            high=1.0,
            weight=5.0,
            verdict="more",
        ),
        line(
            says="unclear",
            scenario="latency",
            case="load=0.5",
            metric="latency_p99_ms",
            verdict="unclear",
            reason="too noisy",
            weight=0.4,
            **nothing,
        ),
        line(
            says="unclear",
            scenario="recovery",
            case="deploy",
            metric="work_recovery_s",
            verdict="unclear",
            **{**nothing, "ratio": nan, "low": nan, "high": nan},
        ),
    )
    whole: dict[str, Any] = {
        "title": "Gate",
        "base": "huey/process",
        "head": "huey/process{again}",
        "summary": "2 of 6 measures are worse",
        "lines": lines,
    }
    whole |= {
        "notes": ("few blocks",),
        "about": {
            "command": "bench check --seed 7",
            "seed": 7,
            "versions": {"head": {"huey": "3.5.4"}},
            "runs": ["a", "b"],
        },
    }
    return Changes(exit_code=code, **(whole | given))


def hostile(code: int = 1) -> Changes:
    """The same with hostile text wherever text comes from outside."""
    kinds = (("throughput", "regression"), ("capacity", "unclear"), ("enqueue_rate", "same"))
    evil = tuple(
        line(metric, says=says, base=EVIL, head=EVIL + "2", reason=EVIL, case=EVIL, scenario=EVIL)
        for metric, says in kinds
    )
    return comparison(
        code,
        title=EVIL,
        base=EVIL,
        head=EVIL + "2",
        summary=EVIL,
        notes=(EVIL,),
        lines=evil,
        about={"command": EVIL, EVIL: {EVIL: [EVIL]}},
    )


def empty(code: int = 4) -> Changes:
    """A comparison without any line, as where nothing could be compared."""
    return comparison(
        code, lines=(), notes=(), about={}, summary="no block has a number of both arms"
    )
