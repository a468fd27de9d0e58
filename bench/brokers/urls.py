"""A URL of a broker: its parts where it is written plainly, and how it may be shown.

A URL can hide a password in more places than a parser knows, above all one that is written wrongly.
So there is one form that is read, and of everything else no word is repeated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote

from bench.base.errors import UsageError
from bench.model.broker import KINDS, SCHEMES

ENCODE = (
    "in its password write %23 for #, %25 for %, %2F for /, %3A for :, %3B for ;, %3F for ?, "
    "%40 for @"
)
# Nothing that a client may take for a separator stands where another would take it for a letter.
_PLAIN = re.compile(
    r"(?P<scheme>[a-z]+)://"
    r"(?:(?P<user>[^\s:/?#@;,\[\]\\]*)(?P<colon>:(?P<password>[^\s:/?#@;\[\]\\]*))?@)?"
    r"(?P<host>[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~%+-]*)*)"
    r"(?:\?(?P<query>[^\s?#@;\\]*))?"
)
_FILES = tuple(kind.url.partition("{")[0] for kind in KINDS.values() if not kind.server)
# What stands behind such a name may be a secret.
SECRET_WORD = re.compile("pass|pwd|secret|token|key$|credential", re.IGNORECASE)
SHORT = 3  # replacing a shorter secret would make holes in ordinary words


@dataclass(frozen=True)
class Url:
    """The parts of a URL that is written plainly; of these the path alone is not decoded."""

    scheme: str
    user: str
    password: str
    host: str
    port: int | None
    path: str
    query: Mapping[str, str]


def read(url: str) -> Url | None:
    """The parts; None if it is not written so that every client reads the same."""
    match = _PLAIN.fullmatch(url)
    if match is None or match["scheme"] not in SCHEMES:
        return None
    if not match["host"] and match["scheme"] != "unix":
        return None
    pairs = [word.partition("=") for word in (match["query"] or "").split("&") if word]
    query = {unquote(name): unquote(value) for name, _, value in pairs}
    if len(query) < len(pairs) or not all(equals for _, equals, _ in pairs):
        return None  # one of two values is taken, and clients differ in which
    user, password = (unquote(match[part] or "") for part in ("user", "password"))
    port = int(match["port"]) if match["port"] else None
    return Url(match["scheme"], user, password, match["host"], port, match["path"], query)


def read_given(url: str, family: str, form: str, more: str = "") -> Url:
    """The parts of a server of the user's; UsageError with what to write if there are none."""
    parts = read(url)
    if parts is None or SCHEMES[parts.scheme] not in KINDS[family].schemes:
        raise UsageError(
            f"the URL of --{family} ({shown(url)}) cannot be read: write {form}; {ENCODE}{more}"
        )
    return parts


def shown(url: str) -> str:
    """The URL as it may be printed, without its secrets; of a strange one the scheme at most."""
    parts = read(url)
    if parts is None:
        scheme = url.partition("://")[0].lower()
        return f"{scheme}://…" if scheme in SCHEMES else "…"
    who = "***@" if "@" in url else ""
    port = f":{parts.port}" if parts.port is not None else ""
    more = "?…" if parts.query else ""
    return f"{parts.scheme}://{who}{parts.host}{port}{parts.path}{more}"


def cleaned(text: object, url: str) -> str:
    """A client's words in one line, without URL and secrets; empty where these cannot be told."""
    line = " ".join(str(text).split())
    if url.startswith(_FILES):
        return line  # a path is no secret
    if read(url) is None:
        return ""
    secrets = _secrets(url)
    if any(secret in line for secret in secrets if len(secret) < SHORT):
        return ""
    for secret in sorted(secrets, key=len, reverse=True):
        line = line.replace(secret, "***")
    return line


def _secrets(url: str) -> set[str]:
    """Each secret in every spelling in which a client may quote it."""
    match = _PLAIN.fullmatch(url)
    assert match is not None
    # A user without a password may be a password in the wrong place.
    raw = {match["password"] or "" if match["colon"] else match["user"] or ""}
    pairs = (word.partition("=") for word in (match["query"] or "").split("&"))
    raw |= {value for name, _, value in pairs if SECRET_WORD.search(unquote(name))}
    plain = raw | {unquote(secret) for secret in raw}
    spelt = {
        spelling
        for secret in plain
        for spelling in (
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            repr(secret)[1:-1],
            repr(secret.encode())[2:-1],
        )
    }
    spelt |= {" ".join(secret.split()) for secret in spelt}
    return {secret for secret in spelt if secret} | {url}
