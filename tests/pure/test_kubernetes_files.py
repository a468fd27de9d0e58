"""What is written for Kubernetes keeps its schemas, and names what there is. It has run nowhere."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "examples" / "hosts" / "kubernetes").glob("*.yaml"))
VERSION = "1.33"


def documents(path: Path) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_document_keeps_its_schema(path: Path) -> None:
    found = documents(path)
    assert len(found) >= 5
    for each in found:
        kubernetes_validate.validate(each, VERSION, strict=True)


def test_a_word_that_is_none_is_found() -> None:
    service = documents(FILES[0])[0]
    service["spec"]["selektor"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, VERSION, strict=True)


def test_ports_and_names_meet() -> None:
    by_kind = {(each["kind"], each["metadata"]["name"]): each for each in documents(FILES[0])}
    service = by_kind["Service", "bench-scheduler"]
    (port,) = (each["port"] for each in service["spec"]["ports"])
    address = f"tcp://bench-scheduler:{port}"
    hosts = by_kind["StatefulSet", "bench-host"]["spec"]["template"]["spec"]["containers"][0]
    job = by_kind["Job", "bench"]["spec"]["template"]["spec"]
    assert address in hosts["command"] and address in job["containers"][0]["command"]
    (volume,) = job["volumes"]
    assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in by_kind
    selector = service["spec"]["selector"]
    template = by_kind["Deployment", "bench-scheduler"]["spec"]["template"]
    assert template["metadata"]["labels"] == selector
    assert hosts["image"] == job["containers"][0]["image"]
