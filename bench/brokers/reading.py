"""Where an arm's own library goes with a URL of the user's, asked in the arm's own environment.

The database that is found empty, and cleaned up, must be the one that the library uses.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from adapters.base import Reads
from bench.base.environ import built
from bench.base.errors import UsageError
from bench.base.plain_names import plainly
from bench.brokers.contract import Place
from bench.brokers.urls import cleaned, read, shown
from bench.hosts.task_code import task_code
from bench.inprocess.cell_context import BROKER
from bench.model.arm import Arm

SECONDS = 30.0


def check_reading(arm: Arm, url: str, expected: Place) -> None:
    """UsageError unless every connection of the arm's library leads to this place."""
    answer = _ask(arm, url)
    if answer.get("missing"):
        return  # a library that cannot be imported is no fault of the URL
    subject = f"{arm.adapter.name} cannot use the URL of --{arm.broker} ({shown(url)})"
    if "error" in answer:
        words = cleaned(answer["said"], url)[:200]
        reason = f"{answer['error']}: {words}" if words else answer["error"]
        raise UsageError(f"{subject}: {reason}; {_hint(url)}")
    for address, database in answer["places"]:
        place = _place(str(address), database)
        if place != expected:
            raise UsageError(
                f"{subject}: it would use database {place.database} at {place.address}, while "
                f"database {expected.database} at {expected.address} is meant; {_hint(url)}"
            )


def _hint(url: str) -> str:
    """What to write where a library stumbles over what another reads."""
    parts = read(url)
    if parts and parts.scheme == "rediss" and "ssl_cert_reqs" not in parts.query:
        return (
            "write rediss://…?ssl_cert_reqs=required, and &ssl_ca_certs=/PATH/ca.pem "
            "where its authority is your own"
        )
    if parts and parts.scheme == "unix":
        return "give redis:// with host and port, or leave its arms out"
    return "write it otherwise, or leave its arms out"


def _place(address: str, database: object) -> Place:
    if address.startswith("/"):
        return Place(address, str(database))
    host, _, port = address.rpartition(":")
    return Place.of(host, int(port), database)


def _ask(arm: Arm, url: str) -> dict[str, Any]:
    """What its library tells of its connections: `places`, `missing`, or `error` and `said`."""
    assert isinstance(arm.adapter, Reads)
    with (
        tempfile.TemporaryDirectory(prefix="queue-bench-") as folder,
        plainly(Path(folder)) as (work, _),
    ):
        env = built({"PYTHONPATH": str(task_code(work, arm.adapter)), BROKER: url})
        argv = [arm.environment.program("python"), "-m", arm.adapter.reach]
        try:
            done = subprocess.run(
                argv,
                env=env,
                cwd=work,
                timeout=SECONDS,
                check=False,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            return {"error": f"no connection within {SECONDS:.0f} s", "said": ""}
    lines = done.stdout.strip().splitlines()
    if not lines or done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return {"error": f"{arm.adapter.reach} ended with {done.returncode}", "said": last}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
