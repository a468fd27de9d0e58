"""What makes two sides unlike, so that a difference of their numbers says nothing of the arms."""

from collections.abc import Iterator, Sequence

from bench.base.errors import UsageError
from bench.compare.sides import Side, one_run
from bench.model.machine_facts import SAME
from bench.model.versions import unlike

PLAN = {"size": "size", "tasks": "tasks", "workers": "workers", "time_cap_s": "time cap"}


def differences(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> list[str]:
    """What is unlike, each in a few words; empty where the sides may be compared.

    UsageError for smoke runs, which nothing makes comparable.
    """
    for side in (base, head):
        if side.run.manifest.plan.size == "smoke":
            raise UsageError(
                f"{side.run.id} is a smoke run: it makes no claims and cannot be compared; "
                "measure with --size quick or full"
            )
    promises = [*_promises(base, head, couples)]
    if one_run(base, head):
        return promises
    surroundings = [*_machine(base, head), *_plan(base, head), *_code(base, head)]
    return [*surroundings, *_brokers(base, head, couples), *promises]


def _machine(base: Side, head: Side) -> Iterator[str]:
    for name in SAME:
        before, after = (getattr(side.run.manifest.machine, name) for side in (base, head))
        if before != after:
            yield f"machine: {name.removesuffix('_bytes')} {before} and {after}"


def _plan(base: Side, head: Side) -> Iterator[str]:
    for name, word in PLAN.items():
        before, after = (getattr(side.run.manifest.plan, name) for side in (base, head))
        if before != after:
            yield f"{word}: {before} and {after}"


def _code(base: Side, head: Side) -> Iterator[str]:
    for text in unlike(base.run.manifest, head.run.manifest):
        yield f"version: {text}"


def _brokers(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> Iterator[str]:
    named = set()
    for before, after in couples:
        names = tuple(_server(side, arm) for side, arm in ((base, before), (head, after)))
        if names[0] != names[1] and names not in named:
            named.add(names)
            yield f"broker: {names[0]} and {names[1]}"


def _server(side: Side, arm: str) -> str:
    broker = side.about(arm).broker
    server = side.run.manifest.brokers.get(broker)
    return f"{broker} ({server.name} {server.version})" if server else broker


def _promises(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> Iterator[str]:
    for before, after in couples:
        promised = base.about(before).guarantee, head.about(after).guarantee
        if promised[0] != promised[1]:
            yield f"guarantee: {promised[0]} ({before}) and {promised[1]} ({after})"
