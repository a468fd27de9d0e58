"""What makes two sides unlike, so that a difference of their numbers says nothing of the arms."""

from collections.abc import Iterator, Sequence

from bench.base.errors import UsageError
from bench.compare.sides import Side, one_run
from bench.model.machine_facts import SAME
from bench.model.versions import unlike

# (part of run.json, its field) → how a difference of it begins
SURROUNDINGS = {
    **{("machine", name): f"machine: {name.removesuffix('_bytes')}" for name in SAME},
    **{("plan", name): f"{name}:" for name in ("size", "tasks", "workers")},
    ("plan", "time_cap_s"): "time cap:",
}


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
    versions = [f"version: {text}" for text in unlike(base.run.manifest, head.run.manifest)]
    return [*_surroundings(base, head), *versions, *_brokers(base, head, couples), *promises]


def _surroundings(base: Side, head: Side) -> Iterator[str]:
    for (part, name), words in SURROUNDINGS.items():
        before, after = (getattr(getattr(side.run.manifest, part), name) for side in (base, head))
        if before != after:
            yield f"{words} {before} and {after}"


def _brokers(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> list[str]:
    servers = dict.fromkeys((_server(base, one), _server(head, two)) for one, two in couples)
    return [f"broker: {before} and {after}" for before, after in servers if before != after]


def _server(side: Side, arm: str) -> str:
    broker = side.about(arm).broker
    server = side.run.manifest.brokers.get(broker)
    return f"{broker} ({server.name} {server.version})" if server else broker


def _promises(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> Iterator[str]:
    for before, after in couples:
        promised = base.about(before).guarantee, head.about(after).guarantee
        if promised[0] != promised[1]:
            yield f"guarantee: {promised[0]} ({before}) and {promised[1]} ({after})"
