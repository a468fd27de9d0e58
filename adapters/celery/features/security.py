"""What a worker does with messages that somebody else wrote, and where credentials show."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from adapters.celery.features import steps
from bench.inprocess.trials.harm import Crafted
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.secrets import shown
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("security.pickle")
def pickle(lab: Lab) -> Observation:
    """A message in the format that Celery's worker refuses as shipped."""
    from kombu import serialization

    module = steps.app(lab)
    steps.worker(lab, module)
    allow: Any = serialization.enable_insecure_serializers
    allow(["pickle"])  # in the sender only: it is the one who means harm
    marker = lab.folder / "executed"
    module.task("echo").apply_async(
        (Crafted(marker),), serializer="pickle", argsrepr="", kwargsrepr=""
    )
    module.task("touch").delay("works")
    lab.until(lambda: bool(lab.marks("works")), 4)
    return {"executed": marker.exists(), "works": bool(lab.marks("works"))}


@TRIALS.of("security.signing", packages=("cryptography",))
def signing(lab: Lab) -> Observation:
    """The `auth` serialiser: a message is changed in the broker before the worker sees it."""
    key, certificate = _self_signed(lab.folder)
    module = steps.app(
        lab,
        signed=True,
        security_key=str(key),
        security_certificate=str(certificate),
        security_cert_store=str(lab.folder / "*.crt"),
        task_serializer="auth",
        event_serializer="auth",
        task_ignore_result=True,
        accept_content=["auth"],
    )
    module.task("touch").delay("valid")
    module.task("touch").delay("tampered")
    client: Any = redis.Redis.from_url(lab.broker)
    message = json.loads(client.lindex("celery", 0))
    body = bytearray(base64.b64decode(message["body"]))
    body[len(body) // 2] ^= 1
    message["body"] = base64.b64encode(bytes(body)).decode()
    client.lset("celery", 0, json.dumps(message))
    steps.start(lab)
    lab.wait(1, "valid", 6)
    lab.until(lambda: bool(lab.marks("tampered")), 1.5)
    return {"valid_ran": bool(lab.marks("valid")), "tampered_ran": bool(lab.marks("tampered"))}


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """A key and its certificate, for this trial only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
    )
    certificate = (
        made.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    paths = folder / "trial.key", folder / "trial.crt"
    plain = serialization.NoEncryption()
    paths[0].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain
        )
    )
    paths[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return paths


def _credentials(flags: Callable[[str], tuple[str, ...]]) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module: Any = steps.app(lab)
        before = flags(lab.broker)
        lab.start(
            "celery",
            "-A",
            steps.MODULE,
            *before,
            "worker",
            "-l",
            "INFO",
            "-c",
            "1",
            "--without-mingle",
        )
        module.task("touch").delay("used")
        lab.wait(1, "used", 10)
        return shown(lab, str(urlsplit(lab.broker).password))

    return carry_out


TRIALS.of("security.credentials", "in the application")(_credentials(lambda url: ()))
TRIALS.of("security.credentials", "celery -b URL")(_credentials(lambda url: ("-b", url)))
