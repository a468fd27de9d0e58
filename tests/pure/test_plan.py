"""Arms and plans: what is named is what runs, and a bad word gets its nearest match."""

from pathlib import Path
from typing import Any

import pytest

from bench.base.errors import UsageError
from bench.model.arm import parse_arm, twin
from bench.model.manifest import CodeRecord, Manifest
from bench.model.systems import in_order, load_adapters, title
from bench.model.versions import counted, unlike
from bench.run import run_start
from bench.run.plan import cells, load_scenarios, make_plan

ADAPTERS = load_adapters()


def plan(*scenarios: str, **options: object):  # type: ignore[no-untyped-def]
    return make_plan(
        scenarios,
        options.pop("arms", ["huey/default", "floor"]),
        options.pop("cases", ()),
        ADAPTERS,
        **({"seed": 7, "workers": 2} | options),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("celery/default", "celery/default"),
        ("celery", "celery/default"),
        ("rq/durable", "rq/durable@redis-always"),
        ("rq/durable@redis", "rq/durable@redis"),
        ("celery/durable@rabbitmq", "celery/durable@rabbitmq"),
        ("huey/default@sqlite", "huey/default@sqlite"),
        (
            "celery/default{worker_prefetch_multiplier=1}",
            "celery/default{worker_prefetch_multiplier=1}",
        ),
        (
            "celery/default{accept_content=[1,2], task_acks_late=true}",
            "celery/default{accept_content=[1, 2], task_acks_late=true}",
        ),
    ],
)
def test_an_arm_has_one_name(text: str, name: str) -> None:
    assert parse_arm(text, ADAPTERS).name == name == parse_arm(name, ADAPTERS).name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("celry/default", "did you mean celery"),
        ("celery/defualt", "did you mean default"),
        ("huey/default@reddis", "did you mean redis"),
        ("rq/default@rabbitmq", "does not run on rabbitmq"),
        ("rq/default{--quite=1}", "setting of rq/default"),
        ("celery/default{worker_prefetch_multiplyer=1}", "did you mean worker_prefetch_multiplier"),
        ("huey/default{result=false}", "did you mean results"),
        ("celery/default{result_backend_thread_save=true}", "did you mean result_backend_thread_s"),
        ("rq/default{-w=rq.SimpleWorker}", "cannot have -w: what a slot is hangs on it, .*simple"),
        ("rq/default{--worker-class=rq.SimpleWorker}", "cannot have --worker-class: what a slot"),
        ("huey/default{-k=process}", "cannot have -k: .*: greenlet, process, thread, tuned"),
        ("///", "is not an arm"),
        ("rq/default{x}", "is not SETTING=VALUE"),
    ],
)
def test_a_bad_arm_gets_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("[", "\\[")):
        parse_arm(text, ADAPTERS)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        # Celery declares no default for these, and reads them.
        ("celery/gevent{result_backend_thread_safe=false}", "result_backend_thread_safe", False),
        ("celery/default{override_backends={}}", "override_backends", {}),
        ("celery/default{redis_client_name=us}", "redis_client_name", "us"),
        ("celery/default{task_compression=gzip}", "task_compression", "gzip"),
        ("celery/default{--max-tasks-per-child=9}", "--max-tasks-per-child", 9),
        ("rq/default{result_ttl=0}", "result_ttl", 0),
        ("rq/default{--max-jobs=9}", "--max-jobs", 9),
        ("rq/tuned{--results-ttl=0}", "--results-ttl", 0),
        ("rq/tuned{-q=true}", "--quiet", True),
        ("huey/default{notify_result=true}", "notify_result", True),
        ("huey/default@sqlite{cache_mb=64}", "cache_mb", 64),
        ("huey/default{-d=0.01}", "--delay", 0.01),
        ("huey/default{--workers=3}", "-w", 3),
    ],
)
def test_what_a_library_reads_is_known_and_has_one_name(
    text: str, name: str, value: object
) -> None:
    made = parse_arm(text, ADAPTERS)
    assert made.overrides == {name: value} and made.settings[name] == value
    assert parse_arm(made.name, ADAPTERS) == made


def test_where_a_library_is_missing_its_settings_are_not_called_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        type(ADAPTERS["rq"]), "known_settings", lambda self: __import__("no_such_library")
    )
    assert parse_arm("rq/default{result_ttl=0}", ADAPTERS).overrides == {"result_ttl": 0}


def test_a_guarantee_rests_on_no_choice_and_what_is_tuned_on_what_its_page_names() -> None:
    settings = {
        text: parse_arm(text, ADAPTERS).settings
        for text in ("celery/durable", "rq/tuned", "celery/tuned", "celery/tuned@rabbitmq")
    }
    assert "worker_prefetch_multiplier" not in settings["celery/durable"]
    assert "--results-ttl" not in settings["rq/tuned"] and ADAPTERS["rq"].profiles["tuned"].results
    on_rabbit = settings["celery/tuned@rabbitmq"]
    assert on_rabbit["worker_prefetch_multiplier"] == 128
    assert on_rabbit["task_queues"] == {"celery": {"durable": False}}
    assert on_rabbit["task_default_delivery_mode"] == "transient"
    assert "broker_transport_options" not in on_rabbit
    assert {"task_queues", "worker_prefetch_multiplier"}.isdisjoint(settings["celery/tuned"])


def test_every_setting_of_every_profile_names_its_page_and_every_profile_its_guarantee() -> None:
    for adapter in ADAPTERS.values():
        for profile in adapter.profiles.values():
            assert profile.guarantee in ("at most once", "at least once") and profile.summary
            for setting in (*profile.settings, *profile.installs):
                assert setting.source.startswith("https://") and setting.why, (
                    adapter.name,
                    profile.name,
                    setting.name,
                )


def test_the_core_never_names_a_system() -> None:
    root = Path(__file__).resolve().parents[2]
    code = [
        p
        for folder in ("bench", "scenarios")
        for p in (root / folder).rglob("*.py")
        if p.parent.name != "report" and p.name != "section.py"
    ]
    for path in code:
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.lower()
            if any(
                f'"{name}' in words or f"import {name}" in words
                for name in ("celery", "rq", "huey")
            ):
                assert path.name in ("diagnosis.py",), f"{path.name}: {line.strip()}"


def test_a_setting_of_another_broker_is_not_there() -> None:
    on_rabbit, on_redis = (
        parse_arm(text, ADAPTERS) for text in ("celery/durable@rabbitmq", "celery/durable")
    )
    assert (
        on_rabbit.settings["result_backend"] == "rpc"
        and on_redis.settings["result_backend"] == "redis"
    )
    assert (
        "visibility_timeout" not in str(on_rabbit.settings)
        and "task_default_queue_type" not in on_redis.settings
    )
    assert on_redis.broker == "redis-always"


def test_a_word_stands_for_several_cases() -> None:
    found = [
        cell.case for cell in cells(plan("recovery", arms=["floor"], cases=["core", "poison"]))
    ]
    assert found == ["worker-crash", "child-crash", "deploy", "broker-crash", "poison"]
    slow = cells(plan("burst", "latency", arms=["floor"], cases=["network"]))
    assert [(cell.scenario, cell.params["rtt_ms"]) for cell in slow] == [
        (name, rtt) for name in ("burst", "latency") for rtt in (0.0, 1.0, 2.0, 10.0)
    ]


def test_blocks_hold_every_arm_once_in_an_order_of_their_own() -> None:
    found = cells(
        plan("burst", blocks=8, arms=["huey/default", "huey/tuned", "floor"], cases=["-"])
    )
    orders = [tuple(cell.arm.name for cell in found if cell.block == block) for block in range(8)]
    assert all(sorted(order) == sorted(orders[0]) for order in orders) and len(set(orders)) > 1
    assert [c.seed for c in cells(plan("burst", cases=["-"]))] == [
        c.seed for c in cells(plan("burst", cases=["-"]))
    ]
    assert [cell.number for cell in found] == list(range(1, len(found) + 1))


def test_the_capacity_comes_first_and_once() -> None:
    found = [cell for cell in cells(plan("latency", cases=["load=0.5"], blocks=2, arms=["floor"]))]
    assert [(cell.block, cell.case) for cell in found] == [
        (0, "capacity"),
        (0, "load=0.5"),
        (1, "load=0.5"),
    ]


@pytest.mark.parametrize(
    ("scenarios", "options", "words"),
    [
        (["brst"], {}, "did you mean burst"),
        (["burst"], {"size": "ful"}, "did you mean full"),
        (["recovery"], {"cases": ["wrker-crash"]}, "did you mean worker-crash"),
        (["burst"], {"tasks": 0}, "--tasks 0"),
        (["burst"], {"blocks": -1}, "--blocks -1"),
        (["burst"], {"workers": 0}, "--workers 0"),
        (["latency"], {"cases": ["load=-1"]}, "unknown case"),
    ],
)
def test_bad_words_of_a_plan(scenarios: list[str], options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan(*scenarios, **options)


def test_sizes_are_as_designed() -> None:
    known = load_scenarios()
    assert [
        known["burst"].params("-", size, None)["tasks"] for size in ("smoke", "quick", "full")
    ] == [200, 5_000, 100_000]
    assert known["burst"].params("bulk", "full", None)["tasks"] == 20_000
    assert [
        known["recovery"].params("deploy", size, None)["horizon_s"]
        for size in ("smoke", "quick", "full")
    ] == [5, 20, 90]


def begun(code: CodeRecord, *raised: str) -> Manifest:
    """A run of that code; each of `raised` names a version, as `scenarios.burst.measure`."""
    document = code.as_json()
    for name in raised:
        *path, last = name.split(".")
        at: Any = document
        for key in path:
            at = at[key]
        at[last] += 1
    return Manifest.model_construct(code=CodeRecord.model_validate(document))


def test_versions_count_where_both_runs_rest_on_them() -> None:
    code = run_start.code_of(plan("burst", "latency", arms=["rq", "floor"]))
    burst = begun(run_start.code_of(plan("burst", arms=["floor"])))
    assert list(counted(burst)) == [
        "recording",
        "drive of burst",
        "measure of burst",
        "adapter of floor",
    ]
    assert list(unlike(begun(code), burst)) == []
    other = ("adapters.rq", "scenarios.latency.drive")
    assert list(unlike(begun(code, *other), burst)) == [], (
        "what only one of them has is not compared"
    )
    both = begun(code, *other, "scenarios.burst.measure")
    was = code.scenarios["burst"].measure
    assert list(unlike(both, burst)) == [f"measure of burst {was + 1} and {was}"]


def test_a_twin_is_the_same_arm_by_another_name() -> None:
    arm, twin_of_name = (
        parse_arm("huey/process", ADAPTERS),
        parse_arm("huey/process{again}", ADAPTERS),
    )
    assert (
        twin_of_name.name == "huey/process{again}"
        and twin_of_name.variant == "again"
        and twin_of_name.settings == arm.settings
    )
    assert twin(arm) == twin_of_name
    assert (
        parse_arm("huey/default{results=false, again}", ADAPTERS).name
        == "huey/default{results=false, again}"
    )


def test_with_a_base_its_capacity_comes_first_and_serves_all() -> None:
    made = plan(
        arms=["huey/process", "huey/process{again}"], size="gate", blocks=2, base="huey/process"
    )
    assert made.scenarios == ["burst", "latency"]
    order = [(cell.scenario, cell.case, cell.arm.name) for cell in cells(made) if cell.block == 0]
    assert order[2] == ("latency", "capacity", "huey/process")
    assert [
        (case, sum(each == ("latency", case, name) for each in order))
        for case in ("capacity", "load=0.5")
        for name in ("huey/process{again}",)
    ] == [
        ("capacity", 0),
        ("load=0.5", 1),
    ]
    assert len([cell for cell in cells(made) if cell.block == 1]) == 4


def test_only_what_is_short_has_the_size_of_a_gate() -> None:
    with pytest.raises(UsageError, match="recovery has no size gate"):
        plan("recovery", size="gate")


@pytest.mark.parametrize(("rate", "tasks"), [(75.0, 1_100), (2_000.0, 8_000)])
def test_a_latency_cell_of_a_gate_is_long_enough_for_its_p99(rate: float, tasks: int) -> None:
    params = load_scenarios()["latency"].params(
        "load=0.5", "gate", tasks if tasks > 1_100 else None
    )
    assert (
        params["at_least_s"] <= params["tasks"] / rate <= params["at_most_s"]
        or params["tasks"] / rate < params["at_least_s"]
    )
    assert (
        min(max(params["tasks"] / rate, params["at_least_s"]), params["at_most_s"]) * rate >= 1_000
    )


def test_reports_write_and_order_systems_as_their_adapters_say() -> None:
    assert in_order()[:3] == ("celery", "rq", "huey")
    assert [title(name) for name in (*in_order()[:3], "floor", "tiny")] == [
        *("Celery", "RQ", "Huey"),
        *("floor", "tiny"),
    ]
