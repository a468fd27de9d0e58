"""docs/workloads.md explains every key that a workload file may have, and no other; the files that
it gives in full are read, and their function runs."""

import json
import re
from pathlib import Path

import pytest

from bench.model.stored import Record
from bench.workload.arrival_form import KINDS
from bench.workload.task_form import SYNTHETIC, Code, TaskType
from bench.workload.workload_file import TEMPLATE, read_workload
from bench.workload.workload_form import Bounds, Workload
from tests.newcomer import files_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "workloads.md").read_text(encoding="utf-8")


def keys_of(*forms: type[Record]) -> set[str]:
    """The keys of a table as they are written in the file."""
    return {each.alias or name for form in forms for name, each in form.model_fields.items()}


def explained(table: str) -> dict[str, str]:
    """Key → what the page says of it, from the table below a heading."""
    below = PAGE.partition(f"\n### `{table}`\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", below, re.MULTILINE)
    assert len(rows) == len(dict(rows)), f"a key of {table} stands there twice"
    return dict(rows)


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("[[task]]", keys_of(TaskType)),
        ("[code]", keys_of(Code)),
        ("[arrivals]", keys_of(*KINDS.values())),
        ("[objective]", keys_of(Bounds)),
    ],
)
def test_every_key_is_explained_and_no_other(table: str, keys: set[str]) -> None:
    assert set(explained(table)) == keys


def test_every_table_of_the_file_is_explained() -> None:
    headings = re.findall(r"^### `\[+(\w+)\]+`$", PAGE, re.MULTILINE)
    assert set(headings) == keys_of(Workload)


def test_what_only_a_synthetic_task_may_have_is_said_to_be_so() -> None:
    said = explained("[[task]]")
    marked = {key for key, text in said.items() if text.startswith("synthetic: ")}
    assert marked == set(SYNTHETIC)


def test_the_kinds_of_arrivals_are_named_where_they_apply() -> None:
    said = explained("[arrivals]")
    assert all(f"`{kind}`" in said["kind"] for kind in KINDS)
    for key, text in said.items():
        if key == "kind":
            continue
        having = {kind for kind, form in KINDS.items() if key in form.model_fields}
        assert set(text.partition(":")[0].split(", ")) == having, key


@pytest.mark.parametrize("key", sorted({*keys_of(Bounds), *keys_of(TaskType)} - {"name"}))
def test_the_template_shows_the_key_too(key: str) -> None:
    assert re.search(rf"\b{key}\b", TEMPLATE.read_text(encoding="utf-8"))


def test_the_files_of_the_page_are_read_and_their_function_runs(tmp_path: Path) -> None:
    files = files_in(PAGE)
    assert set(files) == {"shop.toml", "shop/tasks.py", "invoices.jsonl"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    file = read_workload(tmp_path / "shop.toml")
    assert [task.call for task in file.workload.task] == [None, "shop.tasks:invoice"]
    scope: dict[str, object] = {}
    exec(compile(files["shop/tasks.py"], "shop/tasks.py", "exec"), scope)
    invoice = scope["invoice"]
    assert callable(invoice)
    for line in files["invoices.jsonl"].splitlines():
        given = json.loads(line)
        text = invoice(**given) if isinstance(given, dict) else invoice(*given)
        assert "in all" in text
