"""Where an arm's own library goes with a URL of the user's, asked in the arm's own environment.

The database that is found empty, and cleaned up, must be the one that the library uses.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from adapters.base import Reads
from bench.base.environ import built
from bench.base.errors import UsageError
from bench.base.plain_names import plainly
from bench.brokers.contract import Place
from bench.brokers.urls import cleaned, read, shown
from bench.hosts.task_code import task_code
from bench.inprocess.cell_context import BROKER
from bench.inprocess.connection_target import Reached
from bench.model.arm import Arm

SECONDS = 30.0


def check_reading(arm: Arm, url: str, expected: Place) -> None:
    """UsageError unless every connection of the arm's library leads to this place."""
    for address, database in _ask(arm, url):
        place = _place(address, database)
        if place != expected:
            raise _refusal(
                arm,
                url,
                f"it would use database {place.database} at {place.address}, while "
                f"database {expected.database} at {expected.address} is meant",
            )


def _refusal(arm: Arm, url: str, reason: str, library: str = "") -> UsageError:
    """`library` is what the library itself says of it."""
    words = cleaned(library, url)[:200]
    what = f"{reason}: {words}" if words else reason
    return UsageError(
        f"{arm.adapter.name} cannot use the URL of --{arm.broker} ({shown(url)}): "
        f"{what}; {_hint(url)}"
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


def _place(address: str, database: str) -> Place:
    if address.startswith("/"):
        return Place(address, database)
    host, _, port = address.rpartition(":")
    return Place.of(host, int(port), database)


def _ask(arm: Arm, url: str) -> Sequence[tuple[str, str]]:
    """Where its library's connections lead; UsageError if it gets none.

    Nowhere for a library that cannot be imported, which is no fault of the URL.
    """
    assert isinstance(arm.adapter, Reads)
    with (
        tempfile.TemporaryDirectory(prefix="queue-bench-") as folder,
        plainly(Path(folder)) as (work, _),
    ):
        try:
            done = subprocess.run(
                [arm.environment.program("python"), "-m", arm.adapter.reach],
                env=built({"PYTHONPATH": str(task_code(work, arm.adapter)), BROKER: url}),
                cwd=work,
                timeout=SECONDS,
                check=False,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            raise _refusal(arm, url, f"no connection within {SECONDS:.0f} s") from None
    lines = done.stdout.strip().splitlines()
    if not lines or done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise _refusal(arm, url, f"{arm.adapter.reach} ended with {done.returncode}", last)
    answer: Reached = json.loads(lines[-1])
    if "error" in answer and not answer["missing"]:
        raise _refusal(arm, url, answer["error"], answer["said"])
    return answer.get("places", ())
