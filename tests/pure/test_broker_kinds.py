"""A broker kind has facts and a live part, and whoever names one names one that exists."""

import pkgutil

import pytest

import bench.brokers
from adapters.base import REDISES, SAVED
from bench.brokers import choice
from bench.brokers.urls import read, shown
from bench.commands.run import run
from bench.model.broker import FAMILIES, KINDS, MAIN, SCHEMES
from bench.model.systems import load_adapters

SHARED = {"choice", "contract", "reading", "servers", "urls"}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_facts_and_a_live_part(name: str) -> None:
    kind = KINDS[name]
    assert kind.title and kind.url.format(who="ann:x@127.0.0.1:1", folder="/f")
    assert KINDS[kind.family].family == kind.family, "a family has a kind of its own name"
    assert (choice.live(kind).given is not None) == bool(kind.schemes)


def test_every_module_of_a_family_has_facts() -> None:
    modules = {each.name for each in pkgutil.iter_modules(bench.brokers.__path__)}
    assert modules - SHARED == set(FAMILIES)


def test_every_kind_that_an_adapter_names_exists() -> None:
    for adapter in load_adapters().values():
        named = {*adapter.brokers, *getattr(adapter, "bulk_brokers", ())}
        named |= set(getattr(adapter, "broker_packages", ()))
        for profile in adapter.profiles.values():
            limited = (*profile.settings, *profile.installs)
            named |= {profile.redis, *(name for each in limited for name in each.brokers)}
        assert named <= set(KINDS), adapter.name


def test_a_users_server_has_an_option_named_as_its_family() -> None:
    given = {kind.family for kind in KINDS.values() if kind.schemes}
    options = set(run.__annotations__)
    assert given <= options and not (set(FAMILIES) - given) & options


def test_a_url_of_each_scheme_is_read() -> None:
    for scheme in SCHEMES.values():
        url = f"{scheme.name}://ann:secret@h/x"
        parts = read(url)
        assert parts is not None and parts.scheme == scheme.name and "secret" not in shown(url)
        assert bool(scheme.port) == (scheme.name != "unix")


def test_the_words_of_old_runs_still_stand() -> None:
    assert REDISES == ("redis", "redis-everysec", "redis-always", "valkey") and MAIN in KINDS
    assert FAMILIES[:4] == ("redis", "rabbitmq", "sqlite", "postgres")
    assert {"redis-everysec", "redis-always", "rabbitmq", "postgres"} <= set(SAVED)
    assert not {"redis", "valkey", "sqlite"} & set(SAVED), "what adapters predict hangs on it"
    assert not any(KINDS[name].uncounted for name in REDISES)
    assert KINDS["rabbitmq"].uncounted == "RabbitMQ counts no commands"
    assert KINDS["postgres"].uncounted == "PostgreSQL counts no commands"
    assert KINDS["sqlite"].uncounted == "SQLite has no server"
