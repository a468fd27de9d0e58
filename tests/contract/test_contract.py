"""Every adapter against a real broker.

It starts, runs each task once, tells what it holds, and leaves nothing.
"""

import os
import time
from pathlib import Path

import pytest

from adapters.base import REDISES, Answers, Bulk, Holds
from bench.base.errors import Unavailable
from bench.brokers import choice
from bench.environments.provision import provision
from bench.model.arm import Arm, missing_packages, packages_of, parse_arm
from bench.model.broker import KINDS
from bench.model.cell import Cell
from bench.model.schedule import at_once, merge
from bench.model.systems import load_adapters
from bench.record import ledger
from bench.record.fates import fates, order_violations
from bench.record.store import StoredCell
from bench.testbed.testbed import Ending, Testbed

ADAPTERS = load_adapters()
DEFAULTS = [f"{name}/default" for name in ADAPTERS]
OTHERS = [f"{a.name}/{p}" for a in ADAPTERS.values() for p in a.profiles if p != "default"]
TASKS = 40


ELSEWHERE = ("celery/default@rabbitmq", "huey/default@sqlite", "huey/default@postgres")
STRONG = (
    "celery/durable@rabbitmq",
    "celery/tuned@rabbitmq",
    "huey/durable@sqlite",
    "huey/process@postgres",
    "celery/default@valkey",
)
# Named in the documentation, to be measured by whoever wants to know.
TYPED = (
    'celery/tuned[msgpack]{task_serializer=msgpack, accept_content=["msgpack"]}',
    "celery/solo[msgpack]{task_serializer=msgpack, result_serializer=msgpack, "
    'accept_content=["msgpack", "json"]}',
    "celery/gevent{result_backend_thread_safe=false}",
)


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


def there(text: str) -> None:
    """Skip where the broker's server or its client is not installed."""
    kind = KINDS[arm(text).broker]
    if missing := missing_packages(arm(text)):
        pytest.skip(f"not installed: {', '.join(missing)}")
    try:
        choice.live(kind).find(kind)
    except Unavailable as reason:
        pytest.skip(str(reason))


def provisioned(text: str) -> Arm:
    """Where it has an environment of its own that takes an index, as old versions do."""
    return provision([arm(text)], print)[0] if arm(text).asked else arm(text)


def a_testbed(text: str, folder: Path, slots: int = 2) -> Testbed:
    cell = Cell(1, "recovery", "none", provisioned(text), 0, slots, 1)
    return Testbed(cell, folder, {}, 120, lambda *_: None)


def carry_out(text: str, folder: Path) -> StoredCell:
    """Forty tasks before the workers start, drained after; some of them sleep."""
    made = a_testbed(text, folder)
    with made.open():
        with made.phase("boot"):
            made.boot()
        with made.phase("enqueue"):
            made.load.send(
                merge((at_once(TASKS - 4, 0.0), ""), (at_once(4, 0.0), "sleep:20")),
                time.monotonic_ns(),
            )
            made.expect(TASKS)
            deadline = time.monotonic() + 60
            while made.finished() < TASKS and time.monotonic() < deadline:
                time.sleep(0.02)
        made.sampler.edge("drained")
        made.finish(Ending())
    return StoredCell(folder)


def check(text: str, folder: Path) -> None:
    cell = carry_out(text, folder)
    book = ledger.load(cell)
    told = fates(book, [], cell.held)
    assert (
        told.count("finished") == TASKS and sum(told.count(name) for name in told.by_name) == TASKS
    )
    assert order_violations(book) == []
    pushes = cell.samples.set_index("edge")["broker_pushes"]
    if arm(text).broker in REDISES:
        assert pushes["drained"] - pushes["enqueue:start"] == TASKS, (
            "the adapter names the wrong push command"
        )
    assert cell.samples["worker_pss"].max() > 1_000_000
    assert set(cell.log.versions) >= {"python", *packages_of(arm(text))}
    assert not (folder / "work").exists()


@pytest.mark.contract
@pytest.mark.parametrize("text", DEFAULTS)
def test_default(text: str, tmp_path: Path) -> None:
    check(text, tmp_path / "cell")


@pytest.mark.contract
@pytest.mark.slow
@pytest.mark.parametrize("text", OTHERS)
def test_every_other_profile(text: str, tmp_path: Path) -> None:
    check(text, tmp_path / "cell")


@pytest.mark.contract
@pytest.mark.slow
@pytest.mark.parametrize("text", TYPED)
def test_what_can_be_typed(text: str, tmp_path: Path) -> None:
    check(text, tmp_path / "cell")


@pytest.mark.contract
@pytest.mark.slow
def test_what_waits_in_another_format_is_held(tmp_path: Path) -> None:
    test_what_waits_is_held(TYPED[0], tmp_path)


@pytest.mark.contract
@pytest.mark.parametrize("text", ELSEWHERE)
def test_on_another_broker(text: str, tmp_path: Path) -> None:
    there(text)
    check(text, _for_all(tmp_path) / "cell")


@pytest.mark.contract
@pytest.mark.slow
@pytest.mark.parametrize("text", STRONG)
def test_every_other_broker(text: str, tmp_path: Path) -> None:
    there(text)
    check(text, _for_all(tmp_path) / "cell")


def _for_all(folder: Path) -> Path:
    """A folder that PostgreSQL's own user can enter, as root's temporary folders cannot be."""
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)
    return folder


@pytest.mark.contract
@pytest.mark.parametrize(
    "text",
    [
        *(text for text in DEFAULTS if isinstance(ADAPTERS[text.partition("/")[0]], Holds)),
        *ELSEWHERE,
    ],
)
def test_what_waits_is_held(text: str, tmp_path: Path) -> None:
    there(text)
    made = a_testbed(text, _for_all(tmp_path) / "cell")
    with made.open():
        made.load.send(merge((at_once(5, 0.0), "")), time.monotonic_ns())
        deadline = time.monotonic() + 20
        while not made.load.done() and time.monotonic() < deadline:
            time.sleep(0.02)
        held = made.held([0, 1, 2, 3, 4, 99])
        assert held is not None and set(held) == {0, 1, 2, 3, 4}
        assert not any(place.failed for place in held.values())


@pytest.mark.contract
@pytest.mark.parametrize(
    "text", [text for text in DEFAULTS if isinstance(ADAPTERS[text.partition("/")[0]], Bulk)]
)
def test_bulk_call_puts_every_task_on_the_queue(text: str, tmp_path: Path) -> None:
    made = a_testbed(text, tmp_path / "cell")
    with made.open():
        made.load.order("bulk", tasks=30, chunk=20)
        deadline = time.monotonic() + 20
        while not made.load.done() and time.monotonic() < deadline:
            time.sleep(0.02)
        held = made.held(list(range(30)))
        assert held is not None and len(held) == 30


@pytest.mark.contract
@pytest.mark.parametrize(
    "text", [text for text in DEFAULTS if isinstance(ADAPTERS[text.partition("/")[0]], Answers)]
)
def test_a_result_comes_back_and_is_the_tasks_own(text: str, tmp_path: Path) -> None:
    made = a_testbed(text, tmp_path / "cell")
    with made.open():
        with made.phase("boot"):
            made.boot()
        made.load.order("ask", first=0, tasks=5, until_ns=time.monotonic_ns() + 30_000_000_000)
        deadline = time.monotonic() + 30
        while not made.load.done() and time.monotonic() < deadline:
            time.sleep(0.02)
        made.finish(Ending(chosen_as_it_went=True))
    cell = StoredCell(tmp_path / "cell")
    book = ledger.load(cell)
    ours = book.measured()
    assert ours.sum() == 5 and (book.enqueue[ours] == ledger.ACCEPTED).all(), cell.tasks(
        "error"
    ).to_pylist()
    assert (book.returned >= book.first_finish())[ours].all() and (
        book.first_finish()[ours] > 0
    ).all()
