"""No message shows a password, however the URL is written."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.brokers.urls import cleaned, shown
from bench.model.broker import SCHEMES

SHAPES = (
    "{scheme}://{user}:{secret}@{host}:6379/3",
    "{scheme}://:{secret}@{host}",
    "{scheme}://{secret}@{host}:6379/3",
    "{scheme}://:{secret}@[::1]:6379/3",
    "{scheme}://{user}:{secret}@/run/redis.sock?db=3",
    "{scheme}://{host}/3?password={secret}",
    "{scheme}://{host}/3?user={user}&password={secret}&x=y",
    "{scheme}://{host}/3?sslpassword={secret}",
    "{scheme}://{host}/3;password={secret}",
    "{scheme}://{host}/3#{secret}",
    "{scheme}:{secret}@{host}",
    "{scheme}://:{secret}",
    "{scheme}://{user}:{secret}@",
    "{user}:{secret}@{host}:6379",
    "host={host} user={user} password={secret}",
    "host={host} password='{secret}'",
    " {scheme}://:{secret}@{host}",
    "{secret}",
)
schemes = st.sampled_from([*SCHEMES, "REDIS", "Redis", "http", "redis+socket", "sentinel"])
secrets = st.text(st.characters(blacklist_categories=("Cs",)), min_size=3, max_size=20) | st.text(
    "#/@%:;?&=[] \\'\"äé€漢aA1", min_size=3, max_size=12
)


@given(st.sampled_from(SHAPES), schemes, secrets, st.booleans(), st.sampled_from(["", "ann"]))
def test_a_password_is_never_shown(
    shape: str, scheme: str, secret: str, encoded: bool, user: str
) -> None:
    written = quote(secret, safe="") if encoded else secret
    frame = shape.format(scheme=scheme, user=user, secret="", host="db.example")
    assume(not any(each in frame + "***@?…" for each in (secret, unquote(secret), written)))
    url = shape.format(scheme=scheme, user=user, secret=written, host="db.example")
    for spelling in {secret, written, unquote(secret), quote(secret)}:
        assert spelling not in shown(url), (url, shown(url))


@given(
    st.sampled_from(["redis://ann:{}@db.example/3", "postgresql://db.example/x?sslpassword={}"]),
    secrets,
    st.booleans(),
)
def test_a_clients_words_are_quoted_without_the_password(
    shape: str, secret: str, more: bool
) -> None:
    written = quote(secret, safe="")
    said = "could not connect with {}: {}"
    assume(not any(each in said + "***" for each in (secret, written, *secret.split())))
    url = shape.format(written)
    for spelling in (url, secret, written, repr(secret), quote(secret)):
        text = cleaned(said.format(spelling, f"{spelling}!" if more else ""), url)
        assert not any(each in text for each in (secret, written, " ".join(secret.split()) or url))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/15", "redis://127.0.0.1:6379/15"),
        ("redis://ann:p%23@db_1.example:6379/3", "redis://***@db_1.example:6379/3"),
        ("redis://ann:p#x@h:6379/3", "redis://…"),
        ("redis://:p/x@h:6379/3", "redis://…"),
        ("redis://:p@x@h:6379/3", "redis://…"),
        ("rediss://h/3?ssl_cert_reqs=none", "rediss://h/3?…"),
        ("unix://ann:p@/run/r.sock?db=3", "unix://***@/run/r.sock?…"),
        ("REDIS://:secret@h/3", "redis://…"),
        ("host=h password=secret", "…"),
        ("postgresql://h1,h2/db", "postgresql://…"),
        ("amqp://guest:guest@[::1]:5672/%2F", "amqp://***@[::1]:5672/%2F"),
    ],
)
def test_what_is_shown(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_ordinary_words_stay_as_they_are() -> None:
    url = "redis://ann:hunter%232@h/3"
    assert cleaned("refused (hunter#2, hunter%232) of\nann", url) == "refused (***, ***) of ann"
    assert cleaned("refused", "redis://ann:re@h/3") == ""
    assert cleaned("Port could not be cast to integer value as 'p'", "redis://:p#x@h/3") == ""
