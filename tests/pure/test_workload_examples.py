"""The loads of examples/workloads: their files are read, their arguments are what the script
writes, their functions run, and the endpoint of the shop enqueues what it says."""

import asyncio
import importlib
import json
import runpy
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bench.workload.arrivals import arrive
from bench.workload.workload_file import WorkloadFile, read_workload

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "workloads"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/workload.toml"))
PACKAGES = ("crawl", "images", "shop", "sums")  # one of each example
ORDER = {
    "customer": "Ann",
    "email": "ann@example.org",
    "lines": [{"sku": "lamp", "quantity": 2}, {"sku": "chair", "quantity": 1}],
}


def read(name: str) -> WorkloadFile:
    return read_workload(EXAMPLES / name / "workload.toml")


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Imports a module of an example in an empty folder, as its worker would."""

    def module(example: str, name: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(EXAMPLES / example))
        return importlib.import_module(name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_DATABASE", "shop.db")
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]


def rows(table: str) -> list[tuple[Any, ...]]:
    """What a table of the shop holds, which lies in the folder of the test."""
    connection = sqlite3.connect("shop.db")
    try:
        return connection.execute(f"SELECT * FROM {table}").fetchall()
    finally:
        connection.close()


def test_there_are_four() -> None:
    assert NAMES == ["fan-out", "heavy-imports", "orders", "thumbnails"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_and_lasts_as_long_as_its_page_says(name: str) -> None:
    file = read(name)
    arrivals = arrive(file.workload, 1, file.trace)
    assert 200 < len(arrivals) < 3_000
    # With four systems, and what starting and finishing take, ten minutes.
    assert arrivals.seconds <= 90
    assert file.workload.objective.lost == 0
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    assert f"bench run workload --workload examples/workloads/{name}/workload.toml" in readme
    assert f"({name}/README.md)" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_requirements_are_pinned_and_none_of_benchs_own(name: str) -> None:
    for text in read(name).workload.code.requirements:
        assert "==" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_arguments_are_what_the_script_writes(name: str, imported: Any) -> None:
    folder = EXAMPLES / name
    sys.path.insert(0, str(folder))
    try:
        script = runpy.run_path(str(folder / "make_args.py"))
    finally:
        sys.path.remove(str(folder))
    stored = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl")}
    if "files" in script:
        assert stored == script["files"]()
    else:
        assert list(stored.values()) == ["".join(f"{line}\n" for line in script["lines"]())]


@pytest.mark.parametrize(
    ("name", "needs"),
    [("fan-out", ""), ("orders", ""), ("thumbnails", "PIL"), ("heavy-imports", "pandas")],
)
def test_every_function_runs_with_its_arguments(name: str, needs: str, imported: Any) -> None:
    if needs:
        pytest.importorskip(needs, reason=f"{name} asks for it by [code] requirements")
    file = read(name)
    for task in file.workload.task:
        if task.call is None:
            continue
        module, _, function = task.call.partition(":")
        called = getattr(imported(name, module), function)
        lines = file.arguments[task.name].path.read_text(encoding="utf-8").splitlines()
        given = json.loads(lines[0])
        result = called(**given) if isinstance(given, dict) else called(*given)
        json.dumps(result)  # what Celery would make of it


def test_an_order_is_written_down(imported: Any) -> None:
    tasks = imported("orders", "shop.tasks")
    number = tasks.order(ORDER)
    assert rows("orders") == [(number, "Ann", 2 * 4900 + 8900)]
    assert sorted(rows("order_lines")) == [(number, "chair", 1), (number, "lamp", 2)]
    assert tasks.stock(ORDER) == {"chair": 999, "lamp": 998}
    assert tasks.mail(ORDER) > 50 and "2 x lamp" in rows("outbox")[0][1]


def test_stock_that_runs_out_is_filled_up(imported: Any) -> None:
    tasks = imported("orders", "shop.tasks")
    bought = {**ORDER, "lines": [{"sku": "rug", "quantity": 901}]}
    assert tasks.stock(bought) == {"rug": 1_099}


def test_each_entry_of_the_audit_log_follows_from_the_one_before(imported: Any) -> None:
    tasks = imported("orders", "shop.tasks")
    digests = [tasks.audit(ORDER) for _ in range(3)]
    assert len(set(digests)) == 3
    assert [(number, digest) for number, _, digest in rows("audit")] == list(enumerate(digests, 1))


def test_a_transaction_that_fails_leaves_nothing(imported: Any) -> None:
    tasks = imported("orders", "shop.tasks")
    with pytest.raises(KeyError):
        tasks.stock({**ORDER, "lines": [{"sku": "lamp", "quantity": 1}, {"sku": "rug"}]})
    assert rows("stock") == []
    assert tasks.stock(ORDER)["lamp"] == 998


def test_the_endpoint_enqueues_an_order_and_all_that_follows(imported: Any) -> None:
    pytest.importorskip("fastapi", reason="the endpoint's page says how to install it")
    flow, web = imported("orders", "shop.flow"), imported("orders", "shop.web")
    status, body = post(web.app, "/orders", ORDER)
    assert status == 202 and body["task"]
    assert len(flow.huey) == 1, "enqueued, and not carried out by the endpoint"
    while task := flow.huey.dequeue():
        flow.huey.execute(task)
    assert [len(rows(table)) for table in ("orders", "outbox", "audit")] == [1, 1, 1]
    assert sorted(rows("stock")) == [("chair", 999), ("lamp", 998)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []},
        {"email": "ann"},
        {"lines": [{"sku": "yacht", "quantity": 1}]},
        {"customer": ""},
    ],
)
def test_the_endpoint_refuses_what_is_no_order(imported: Any, wrong: dict[str, Any]) -> None:
    pytest.importorskip("fastapi", reason="the endpoint's page says how to install it")
    flow, web = imported("orders", "shop.flow"), imported("orders", "shop.web")
    assert post(web.app, "/orders", {**ORDER, **wrong})[0] == 422
    assert len(flow.huey) == 0


def post(app: Any, path: str, document: Any) -> tuple[int, Any]:
    """(status, JSON) of a request, handed to an ASGI application without a server."""
    content, sent = json.dumps(document).encode(), list[dict[str, Any]]()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    status = next(each["status"] for each in sent if each["type"] == "http.response.start")
    return status, json.loads(b"".join(each.get("body", b"") for each in sent))


def test_links_lead_somewhere_on_the_web_and_each_once(imported: Any) -> None:
    pages = imported("fan-out", "crawl.pages")
    text = "<a href='/a#x'>1</a><a href='a'>2</a><a href='mailto:b@c'>3</a><a>4</a>"
    assert pages.links("https://example.org/index", text) == ["https://example.org/a"]


def test_thumbnails_fit_their_edges(imported: Any) -> None:
    pytest.importorskip("PIL", reason="thumbnails asks for it by [code] requirements")
    tasks = imported("thumbnails", "images.tasks")
    sizes = tasks.thumbnails(1600, 900)
    assert len(sizes) == 3 and sizes[0] > sizes[1] > sizes[2] > 0


def test_both_modules_of_heavy_imports_do_the_same(imported: Any) -> None:
    pytest.importorskip("pandas", reason="heavy-imports asks for it by [code] requirements")
    light, heavy = (imported("heavy-imports", f"sums.{name}") for name in ("light", "heavy"))
    assert light.totals([0.5, 1.5, 4.0]) == heavy.totals([0.5, 1.5, 4.0])
