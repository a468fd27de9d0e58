"""What reaches Celery from outside: a stranger's messages, web frameworks; and its package."""

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import redis

from adapters.celery.features import steps
from bench.inprocess.trials import harm, web
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.package import package
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("security.pickle")
def pickle(lab: Lab) -> Observation:
    """A message in the format that Celery's worker refuses as shipped."""
    from kombu import serialization

    system = steps.ready(lab)
    allow: Any = serialization.enable_insecure_serializers
    allow(["pickle"])  # in the sender only: it is the one who means harm
    system.task("echo").apply_async(
        (harm.crafted(lab),), serializer="pickle", argsrepr="", kwargsrepr=""
    )
    return harm.executed(system)


@TRIALS.of("security.signing", packages=("cryptography",))
def signing(lab: Lab) -> Observation:
    """The `auth` serialiser: a message is changed in the broker before the worker sees it."""
    key, certificate = _self_signed(lab.folder)
    system = steps.Tried(
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
    for name in ("valid", "tampered"):
        system.enqueue("touch", name)
    client: Any = redis.Redis.from_url(lab.broker)
    message = json.loads(client.lindex("celery", 0))
    body = base64.b64encode(harm.flipped(base64.b64decode(message["body"]))).decode()
    client.lset("celery", 0, json.dumps({**message, "body": body}))
    system.start()
    return harm.signed(lab)


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """A key and its certificate, for this trial only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
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


@TRIALS.each("security.credentials", {"in the application": False, "celery -b URL": True})
def credentials(named: bool, lab: Lab) -> Observation:
    """The URL stands in the application, or on the command line as well."""
    system = steps.Tried(lab)
    flags = ("-b", lab.broker) if named else ()
    worker = ("worker", "-l", "INFO", "-c", "1", "--without-mingle")
    lab.start(*steps.COMMAND, *flags, *worker)
    return harm.leaks(system)


@TRIALS.of("web.fastapi", packages=("fastapi", "uvicorn"))
def fastapi(lab: Lab) -> Observation:
    """Enqueue by `delay` from an async endpoint."""
    return web.fastapi(lab, steps.MODULE, steps.ready(lab).task("touch").delay)


@TRIALS.of("web.django", packages=("django",))
def django(lab: Lab) -> Observation:
    """Enqueue by `delay` from a view."""
    return web.django(steps.ready(lab, task_ignore_result=True))


TRIALS.of("community.package", broker="none")(partial(package, "celery"))
