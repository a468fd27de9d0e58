"""What pip keeps of the user's settings in an environment of ours: index, proxy and certificates.

`PIP_USER`, `PIP_TARGET` or a constraints file of theirs would put other things elsewhere.
"""

import ast
import os
import re
from collections.abc import Callable

from bench.base.environ import PROXIES, built

# By their long options; a list is parted by blanks, as pip does.
KEPT = (
    *("index-url", "extra-index-url", "no-index", "find-links", "trusted-host", "proxy"),
    *("cert", "client-cert", "keyring-provider", "retries", "timeout"),
    *("cache-dir", "no-cache-dir"),
)
# Of these lists only the word that is about certificates.
KEPT_WORD = {"use-feature": "truststore", "use-deprecated": "legacy-certs"}
SAME = {"default-timeout": "timeout"}
LISTS_OF_PLACES = ("extra-index-url", "find-links")
PLACES = ("index-url", "cert", "client-cert", "cache-dir")
# What pip's client reads beside the list of every process.
FILES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NETRC")
ALSO = (*FILES, *PROXIES, *(name.upper() for name in PROXIES))
# What says where pip's files are.
WHERE = ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "PIP_CONFIG_FILE")
_LINE = re.compile(r"(?P<section>[\w-]+)\.(?P<name>[\w-]+)=(?P<value>['\"].*)")


def environment(command: str, listed: Callable[[], str]) -> dict[str, str]:
    """The environment of `pip COMMAND`, built from a list.

    `listed` gives what `pip config list` prints. Of it and of the variables `PIP_*` only `KEPT` is
    handed on, and pip reads no file itself.
    """
    settings = {**_in_files(command, listed), **_in_variables()}
    handed = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in settings.items()}
    return base() | handed | {"PIP_CONFIG_FILE": os.devnull}


def base() -> dict[str, str]:
    """The environment of a process without any setting of pip's own."""
    env = built({"PYTHONUTF8": "1"}, kept=ALSO)
    env |= {name: _place(env[name]) for name in FILES if name in env}
    # Where pip keeps what it has loaded.
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return env | ({"XDG_CACHE_HOME": cache} if os.path.isabs(cache) else {})


def where() -> tuple[tuple[str, str], ...]:
    """The variables that say where pip's configuration files are."""
    variables = {name: os.environ[name] for name in WHERE if name in os.environ}
    if file := variables.get("PIP_CONFIG_FILE"):
        variables["PIP_CONFIG_FILE"] = _place(file)
    return tuple(variables.items())


def _in_files(command: str, listed: Callable[[], str]) -> dict[str, str]:
    if os.environ.get("PIP_CONFIG_FILE") == os.devnull:
        return {}  # as pip has it: no file at all
    sections: dict[str, dict[str, str]] = {"global": {}, command: {}}
    for line in listed().splitlines():
        if (setting := _LINE.fullmatch(line.strip())) and setting["section"] in sections:
            sections[setting["section"]][setting["name"]] = str(ast.literal_eval(setting["value"]))
    return {**_kept(sections["global"]), **_kept(sections[command])}


def _in_variables() -> dict[str, str]:
    return _kept(
        {
            name.removeprefix("PIP_").lower().replace("_", "-"): value
            for name, value in os.environ.items()
            if name.startswith("PIP_")
        }
    )


def _kept(settings: dict[str, str]) -> dict[str, str]:
    kept = {}
    for given, value in settings.items():
        name = SAME.get(given, given)
        if name in KEPT_WORD and KEPT_WORD[name] in value.split():
            kept[name] = KEPT_WORD[name]
        elif name in LISTS_OF_PLACES:
            kept[name] = " ".join(map(_place, value.split()))
        elif name in KEPT and value:
            kept[name] = _place(value) if name in PLACES else value
    return kept


def _place(text: str) -> str:
    """An address as it is, a path as an absolute one: pip runs in another folder."""
    return text if "://" in text else os.path.abspath(os.path.expanduser(text))
