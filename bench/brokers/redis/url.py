"""The URL of a user's Redis: which forms are read, and why a server did not answer at one."""

import ssl
from pathlib import Path
from urllib.parse import unquote

import redis

from bench.base.errors import UsageError
from bench.brokers.contract import Place
from bench.brokers.urls import ENCODE, SECRET_WORD, Url, cleaned, read, read_given, shown
from bench.model.broker import SCHEMES

FORM = "redis://USER:PASSWORD@HOST:PORT/N, rediss://… with TLS, or unix:///PATH?db=N"
FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
REQUIRED = ("required", "optional", "none")


def checked(url: str) -> Place:
    """Where the URL leads; UsageError with what to write if libraries could differ in that."""
    parts = read_given(url, "redis", FORM)
    if parts.scheme == "unix":
        return _socket(parts)
    number = parts.path.removeprefix("/")
    if number and not (number.isascii() and number.isdecimal()):
        raise UsageError(f"{shown(url)}: the database is a number: write …/3")
    _check_options(parts, number or "0")
    return Place.of(parts.host, parts.port or SCHEMES[parts.scheme].port, int(number or 0))


def _socket(parts: Url) -> Place:
    if parts.host or parts.port is not None or not parts.path.strip("/"):
        raise UsageError("--redis names no socket: write unix:///PATH?db=N, with three slashes")
    number = parts.query.get("db", "0")
    if set(parts.query) - {"db"} or not (number.isascii() and number.isdecimal()):
        raise UsageError("behind a socket's path stands a database only: write unix:///PATH?db=3")
    return Place(unquote(parts.path), str(int(number)))


def _check_options(parts: Url, number: str) -> None:
    """UsageError for an option that not all libraries read, or that changes what is measured."""
    if "db" in parts.query or "virtual_host" in parts.query:
        given = parts.query.get("db", number)
        who = "…@" if parts.user or parts.password else ""
        meant = given if given.isascii() and given.isdecimal() else number
        raise UsageError(
            f"not every library reads a database behind a ?: write {parts.scheme}://{who}"
            f"{parts.host}:{parts.port or SCHEMES[parts.scheme].port}/{meant}"
        )
    if any(SECRET_WORD.search(name) or "user" in name for name in parts.query):
        raise UsageError(
            f"not every library reads a user or a password behind a ?: write {FORM}; {ENCODE}"
        )
    known = ("ssl_cert_reqs", *FILES) if parts.scheme == "rediss" else ()
    if strange := sorted(set(parts.query) - set(known)):
        takes = f"takes {', '.join(known)} only" if known else "takes nothing behind a ?"
        hint = "" if known else "; TLS and its options need rediss://"
        raise UsageError(
            f"?{strange[0]}= of --redis would change what is measured, or how it is read: "
            f"{parts.scheme}:// {takes}{hint}"
        )
    asked = parts.query.get("ssl_cert_reqs", "required")
    if asked not in REQUIRED:
        raise UsageError(f"?ssl_cert_reqs= of --redis is one of {', '.join(REQUIRED)}")
    for name in FILES:
        if name in parts.query:
            _check_file(name, Path(parts.query[name]))


def _check_file(name: str, path: Path) -> None:
    if not path.is_absolute():
        raise UsageError(
            f"?{name}={path}: give its whole path, the measured processes have another folder"
        )
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(
            f"?{name}={path} cannot be read ({error.strerror}): correct --redis"
        ) from None


def reason(error: Exception, url: str) -> str:
    """What became of an attempt to reach it, and what to do: a sentence's end, without secrets."""
    words = cleaned(error, url)
    if isinstance(error, redis.AuthenticationError) or "NOAUTH" in words:
        return "refuses the password: check the URL of --redis"
    if certificate := _certificate(error):
        return (
            f"has a certificate that is not accepted ({certificate}): use the name that stands "
            f"in it, and name its authority by ?ssl_cert_reqs=required&ssl_ca_certs=/PATH/ca.pem"
        )
    if isinstance(error, redis.ResponseError):
        return f"says {words[:160]!r}: check the URL of --redis"
    detail = type(error).__name__ + (f": {words[:160]}" if words else "")
    tls = read(url)
    hint = ", with redis:// if it has no TLS" if tls and tls.scheme == "rediss" else ""
    if "reset by peer" in words or "closed by server" in words:
        hint = ", with rediss:// if it wants TLS"
    return f"cannot be reached ({detail}): start it, or correct --redis{hint}"


def _certificate(error: BaseException | None) -> str:
    """Why a certificate was refused, by either side; empty if that is not what happened."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return str(error.verify_message)
        if isinstance(error, ssl.SSLError) and "ALERT" in str(error.reason or ""):
            return f"the server says {error.reason}"
        error = error.__cause__ or error.__context__
    return ""
