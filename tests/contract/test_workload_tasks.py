"""The tasks of a workload on every system: each key of a file does what it says."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import redis

from adapters.base import REDISES
from bench.inprocess.event_log import FINISHED, RAISED, STARTED
from bench.model.arm import Arm, parse_arm
from bench.model.cell import Cell
from bench.model.schedule import FIRST_WARM_TASK, Schedule
from bench.model.systems import load_adapters
from bench.selftest.synthetic_runs import ADAPTER
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.warming import warm_up
from bench.workload.cell_files import warm_kinds
from bench.workload.needs import not_offered
from bench.workload.workload_file import WorkloadFile
from tests.contract.test_contract import _for_all, provisioned, there
from tests.redis_server import Server, served
from tests.workload_cells import SLOTS, drawn, ids, lay_out, read, records

pytestmark = pytest.mark.contract

ADAPTERS = load_adapters([ADAPTER])
DEFAULTS = ("celery/default", "rq/default", "huey/default")
OTHERS = (
    *("floor", "synthetic"),
    *("celery/default@rabbitmq", "celery/durable", "celery/durable@rabbitmq", "celery/solo"),
    *("celery/tuned@rabbitmq", "celery/threads", "celery/gevent"),
    *("rq/simple", "rq/durable", "rq/spawn"),
    *("huey/default@sqlite", "huey/default@postgres", "huey/process", "huey/greenlet"),
    *("huey/durable", "huey/default{results=false}"),
)
SLOW = [pytest.param(text, marks=pytest.mark.slow) for text in OTHERS]
SYNTHETIC = """
[[task]]
name = "wait"
share = 1
sleep_ms = 20

[[task]]
name = "think"
share = 1
cpu_ms = 10

[[task]]
name = "big"
share = 1
memory = "8 MiB"
payload = "64 KiB"
result = "64 KiB"
"""
FLAKY = """
[[task]]
name = "flaky"
share = 4
fails = 0.5
retries = 2
"""
PLAIN = '\n[[task]]\nname = "{}"\nshare = 1\n{}\n'
SHOP = """
import json
import os

def told(**what):
    line = json.dumps({"pid": os.getpid(), **what}) + "\\n"
    log = os.open(os.environ["SHOP_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, line.encode())
    os.close(log)

told(imported=True)

def note(*given, **named):
    told(given=given, named=named, handed=os.environ["SHOP_SECRET"])
    return named or list(given)

def refuse():
    raise ValueError("no money on " + os.environ["SHOP_SECRET"])

def odd():
    return (number for number in range(3))
"""


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


@contextmanager
def a_cell(
    text: str,
    file: WorkloadFile,
    folder: Path,
    kinds: Sequence[int] | None = None,
    slots: int = SLOTS,
    url: str = "",
) -> Iterator[Testbed]:
    """A cell of that workload with its files laid out and nothing started but its generator.

    Its tasks are the workload's arrivals, or of these types.
    """
    made_arm = arm(text)
    if made_arm.adapter.name != "synthetic":
        there(text)
        made_arm = provisioned(text)
    if lacking := not_offered(made_arm, slots, file.workload):
        pytest.skip(lacking)
    params = {"keep_handles": 1.0}
    cell = Cell(1, "workload", "-", made_arm, 0, slots, 1, params, workload=file)
    servers = {made_arm.broker: url} if url else {}
    made = Testbed(cell, _for_all(folder) / "cell", servers, 120, lambda *_: None)
    with made.open():
        lay_out(made.work, file, slots, kinds)
        yield made


def send(made: Testbed, kinds: Sequence[int] | npt.NDArray[np.int16], first: int = 0) -> None:
    """Tasks of these types, at once, in this order; the call returns when all are sent."""
    assert made.cell.workload
    works = tuple(str(kind) for kind in range(len(made.cell.workload.workload.task)))
    order = np.asarray(kinds, np.int64)
    tasks, zeros = first + np.arange(len(order)), np.zeros(len(order), np.int64)
    made.load.send(Schedule(tasks, zeros, order, works), time.monotonic_ns())
    wait(made.load.done, 20)
    assert made.load.errors() == {}


def wait(condition: Callable[[], bool], at_most_s: float) -> bool:
    """Until it holds; whether it did in time."""
    deadline = time.monotonic() + at_most_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def ended(made: Testbed) -> int:
    """How many runs of tasks that are no warm-up have ended."""
    found = records(made.work)
    return int(((found["task"] >= 0) & np.isin(found["kind"], (FINISHED, RAISED))).sum())


def durations_ms(found: npt.NDArray[np.void], tasks: set[int]) -> list[float]:
    """From start to finish of each of these, which ran once."""
    stamps = {
        kind: {int(r["task"]): int(r["stamp"]) for r in found if r["kind"] == kind}
        for kind in (STARTED, FINISHED)
    }
    return [(stamps[FINISHED][task] - stamps[STARTED][task]) / 1e6 for task in tasks]


def first_error(made: Testbed, kind: int) -> str:
    path = made.work / f"raised-{kind}.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["error"]) if path.exists() else ""


def received(made: Testbed) -> int:
    """Bytes that its Redis has been sent."""
    with redis.Redis.from_url(made.broker.url) as client:
        return int(client.info("stats")["total_net_input_bytes"])


@pytest.mark.parametrize("text", [*DEFAULTS, *SLOW])
def test_synthetic_tasks_take_send_return_and_fail_as_they_say(text: str, tmp_path: Path) -> None:
    file = read(tmp_path, SYNTHETIC + ("" if text == "floor" else FLAKY))
    arrivals, draws = drawn(file)
    retries = np.array([each.retries for each in file.workload.task])[arrivals.kinds]
    failing = draws.failing_runs.astype(int)
    runs = np.minimum(failing, retries) + 1
    assert text == "floor" or len(set(failing.tolist())) == 4, "from none to all of its runs"
    with a_cell(text, file, tmp_path) as made:
        made.boot()
        before = received(made) if made.cell.arm.broker in REDISES else 0
        send(made, arrivals.kinds)
        assert wait(lambda: ended(made) >= runs.sum(), 60)
        time.sleep(0.5)  # a run too many would come now
        found = records(made.work)
        sent = received(made) - before if before else 0
        found = found[found["task"] >= 0].copy()
        error = first_error(made, 3)
        made.finish(Ending())
    counted = {kind: Counter(found["task"][found["kind"] == kind].tolist()) for kind in range(1, 8)}
    assert counted[STARTED] == dict(enumerate(runs.tolist()))
    assert counted[FINISHED] == {t: 1 for t in range(len(runs)) if failing[t] <= retries[t]}
    assert counted[RAISED] == {t: f for t in range(len(runs)) if (f := min(failing[t], runs[t]))}
    assert text == "floor" or error == "PlannedFailure: the workload's `fails` asks for it"
    of_type = [set(np.flatnonzero(arrivals.kinds == kind).tolist()) for kind in range(3)]
    waited = durations_ms(found, of_type[0])
    assert min(waited) >= 20 and float(np.median(waited)) < 35
    assert min(durations_ms(found, of_type[1])) >= 10
    if sent:
        # RQ compresses what it sends, by half; results are sent as they are.
        kept = made.cell.arm.profile.results and "false" not in text
        assert sent > 65_536 * len(of_type[2]) * (0.45 + (1 if kept else 0))


@pytest.mark.slow
@pytest.mark.parametrize("text", DEFAULTS)
def test_every_slot_has_run_every_type_before_the_load(text: str, tmp_path: Path) -> None:
    file = read(tmp_path, SYNTHETIC + ("" if text == "floor" else FLAKY))
    kinds = warm_kinds(len(file.workload.task), SLOTS)
    with a_cell(text, file, tmp_path) as made:
        made.boot()
        warm_up(made, kinds)
        warm = {FIRST_WARM_TASK + number for number in range(len(kinds))}
        ran = set(ids(made.work, FINISHED)) | set(ids(made.work, RAISED))
        assert warm <= ran and made.notes.sentences == []
        made.finish(Ending())


@pytest.mark.parametrize("text", [*DEFAULTS, *SLOW])
def test_a_function_of_the_users_runs_with_its_arguments_and_variables(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET", "geheim")
    log = tmp_path / "shop.log"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "shop.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "args.jsonl").write_text('[1, "ä"]\n{"a": {"b": [2]}}\n', encoding="utf-8")
    again = "" if text == "floor" else "retries = 1"
    code = f'\n[code]\npath = "src"\nenv = {{ SHOP_LOG = "{log}" }}\npass = ["SHOP_SECRET"]\n'
    types = (
        PLAIN.format("note", 'call = "shop:note"\nargs = "args.jsonl"')
        + PLAIN.format("refuse", f'call = "shop:refuse"\n{again}')
        + PLAIN.format("odd", 'call = "shop:odd"')
    )
    file = read(tmp_path, types + code)
    kinds = [0] * 8 + [1, 2]
    _, draws = drawn(file, kinds)
    with a_cell(text, file, tmp_path, kinds) as made:
        made.boot()
        send(made, kinds)
        assert wait(lambda: ended(made) >= 8 + (2 if again else 1) + 1, 30)
        found, generators = records(made.work), {each.pid for each in made.load.processes}
        errors = [first_error(made, kind) for kind in range(3)]
        made.finish(Ending())
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    notes = [each for each in told if "given" in each]
    wanted = [[[1, "ä"], {}], [[], {"a": {"b": [2]}}]]
    assert sorted(json.dumps([each["given"], each["named"]]) for each in notes) == sorted(
        json.dumps(wanted[line]) for line in draws.line[:8].tolist()
    )
    assert {each["handed"] for each in notes} == {"geheim"}
    assert not generators & {each["pid"] for each in told}, "sending needs names only"
    assert errors[0] == ""
    assert errors[1].startswith("ValueError: no money on $SHOP_SECRET (shop.py:")
    profile, finished = made.cell.arm.profile, found["task"][found["kind"] == FINISHED].tolist()
    kept = profile.results and "false" not in text
    assert ("the system cannot keep its result" in errors[2]) == kept == (9 not in finished)
    started = found[(found["kind"] == STARTED) & (found["task"] >= 0)]
    imports = [int(b) & 0xFFFFFFFF for b in started["b"]]
    if profile.slot == "parent":
        assert len([1 for each in told if "imported" in each]) == len(started) and min(imports) > 0
    elif made.cell.arm.adapter.name in ("celery", "huey") and profile.slot != "process":
        assert len([1 for each in told if "imported" in each]) == 1 and max(imports) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "celery/default",
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (
                *("rq/default", "huey/process", "celery/gevent", "rq/simple", "huey/greenlet"),
            )
        ),
    ],
)
def test_a_time_limit_ends_a_task_and_is_told(text: str, tmp_path: Path) -> None:
    file = read(tmp_path, PLAIN.format("slow", "sleep_ms = 4000\nlimit_s = 1"))
    with a_cell(text, file, tmp_path, [0, 0]) as made:
        made.boot()
        send(made, [0, 0])
        assert wait(lambda: first_error(made, 0) != "", 10)
        assert any(word in first_error(made, 0).lower() for word in ("timeout", "timelimit"))
        assert not wait(lambda: {0, 1} & set(ids(made.work, FINISHED)) != set(), 5)
        started = [task for task in ids(made.work, STARTED) if task >= 0]
        assert sorted(started) == [0, 1] == sorted(ids(made.work, RAISED))
        if "huey" not in text:
            places = made.held([0, 1])
            assert places and [places[task].failed for task in (0, 1)] == [True, True]
        made.finish(Ending())


RANKED = ("celery/default", "rq/default", "huey/default", "huey/default@sqlite")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        *RANKED,
        pytest.param("celery/default@rabbitmq", marks=pytest.mark.slow),
        pytest.param("huey/default@postgres", marks=pytest.mark.slow),
    ],
)
def test_what_is_urgent_comes_first_and_all_of_it_is_held(text: str, tmp_path: Path) -> None:
    types = "".join(PLAIN.format(name, f'priority = "{name}"') for name in ("low", "high"))
    file = read(tmp_path, types + PLAIN.format("unsaid", ""))
    kinds = [0] * 10 + [2] * 10 + [1] * 10
    with a_cell(text, file, tmp_path, kinds, slots=1) as made:
        made.sampler.edge("before")
        send(made, kinds)
        made.sampler.edge("sent")
        time.sleep(0.5)  # RabbitMQ's publish returns before the message is there
        held = made.held(list(range(31)))
        assert held is not None and set(held) == set(range(30))
        assert not any(place.failed for place in held.values())
        made.fleet.start()
        assert wait(lambda: ended(made) >= 30, 60)
        order = [kinds[task] for task in ids(made.work, STARTED)]
        pushes = made.sampler.frame().set_index("edge")["broker_pushes"]
        made.finish(Ending())
    assert order == [1] * 10 + [2] * 10 + [0] * 10
    if arm(text).broker in REDISES:
        assert pushes["sent"] - pushes["before"] == 30


QUEUING = ("celery/default", "rq/default")
QUEUED = PLAIN.format("mail", 'queue = "mail"\nfails = 1\nretries = 1') + PLAIN.format("own", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        *QUEUING,
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (
                *("celery/default@rabbitmq", "celery/durable@rabbitmq", "celery/tuned@rabbitmq"),
                "rq/durable",
            )
        ),
    ],
)
def test_a_queue_of_its_own_is_consumed_held_and_tried_again_on(text: str, tmp_path: Path) -> None:
    file, kinds = read(tmp_path, QUEUED), [0, 1] * 3
    with a_cell(text, file, tmp_path, kinds) as made:
        send(made, kinds)
        time.sleep(0.5)
        held = made.held(list(range(7)))
        assert held is not None and set(held) == set(range(6))
        made.fleet.start()
        assert wait(lambda: len([t for t in ids(made.work, RAISED) if t % 2 == 0]) >= 6, 60)
        assert wait(lambda: {1, 3, 5} <= set(ids(made.work, FINISHED)), 20)
        made.finish(Ending())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("text", ["celery/default", "rq/default", "huey/default", "floor"])
def test_nothing_is_left_in_a_redis_of_the_users(text: str, server: Server, tmp_path: Path) -> None:
    queue = 'queue = "mail"\n' if text.startswith(("celery", "rq")) else ""
    more = "" if text == "floor" else f'{queue}priority = "low"\nretries = 1\n'
    types = PLAIN.format("a", f"fails = 1\n{more}") + PLAIN.format("b", "result = 20")
    file = read(tmp_path, types)
    kinds = [0, 1] * 5
    with a_cell(text, file, tmp_path, [*kinds, 0], url=f"{server.url}/9") as made:
        made.boot()
        send(made, kinds)
        assert wait(lambda: ended(made) >= (10 if text == "floor" else 15), 30)
        made.fleet.kill()
        send(made, [0], first=10)  # it stays on the queue
        with redis.Redis.from_url(f"{server.url}/9") as client:
            assert client.dbsize() > 0
    with redis.Redis.from_url(f"{server.url}/9") as client:
        assert client.keys() == []


@pytest.mark.slow
def test_the_synthetic_queue_plants_a_slow_type_and_serves_a_type_without_times(
    tmp_path: Path,
) -> None:
    text = 'synthetic{service_ms=5.0, slow_type=["wait", 2.0]}'
    types = PLAIN.format("wait", "sleep_ms = 10") + PLAIN.format("also", "sleep_ms = 10")
    file = read(tmp_path, types + PLAIN.format("plain", ""))
    kinds = [0, 1, 2] * 10
    with a_cell(text, file, tmp_path, kinds) as made:
        made.boot()
        send(made, kinds)
        assert wait(lambda: ended(made) >= 30, 20)
        found = records(made.work)
        found = found[found["task"] >= 0].copy()
        made.finish(Ending())
    medians = [float(np.median(durations_ms(found, set(range(kind, 30, 3))))) for kind in range(3)]
    assert medians == pytest.approx([20, 10, 5], rel=0.1)
