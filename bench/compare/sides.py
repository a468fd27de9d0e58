"""What is compared: a run, or one arm of it; which arms stand beside each other, and what makes two
sides unlike, so that a difference of their numbers says nothing of the arms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.analysis.dataset import standing_with_parts
from bench.base.errors import UsageError
from bench.model.arm import nearest
from bench.model.machine_facts import SAME
from bench.model.manifest import ArmRecord
from bench.model.versions import unlike
from bench.record.store import Run

# (part of run.json, its field) → how a difference of it begins
SURROUNDINGS = {
    **{("machine", name): f"machine: {name.removesuffix('_bytes')}" for name in SAME},
    **{("plan", name): f"{name}:" for name in ("size", "tasks", "workers")},
    ("plan", "time_cap_s"): "time cap:",
}


@dataclass(frozen=True)
class Side:
    """Base or head: a stored run, or one of its arms."""

    run: Run
    arm: str = ""

    @property
    def name(self) -> str:
        """RUN or RUN#ARM, as on the command line."""
        return f"{self.run.id}#{self.arm}" if self.arm else self.run.id

    @property
    def measures(self) -> pd.DataFrame:
        """The measures that stand, of the run or of its one arm, those of types of task too."""
        frame = standing_with_parts(self.run)
        return frame[frame["arm"] == self.arm] if self.arm else frame

    def about(self, arm: str) -> ArmRecord:
        """An arm as run.json describes it."""
        return self.run.manifest.arms[arm]

    def versions(self, arm: str) -> Mapping[str, str]:
        """Library → version, as read inside the workers of an arm; empty if nothing was stored."""
        return self.run.manifest.versions.get(arm, {})


def side_of(run: Run, arm: str) -> Side:
    """A side of a comparison; UsageError with the nearest name for an arm the run does not have."""
    if arm and arm not in run.manifest.arms:
        raise nearest(arm, run.manifest.arms, f"arm of {run.id}")
    return Side(run, arm)


def one_run(base: Side, head: Side) -> bool:
    """Whether both are of one run, so that their blocks were interleaved.

    A slim copy is the same run.
    """
    one, two = (
        (each.run, each.created, each.seed, each.boot_id)
        for each in (base.run.manifest, head.run.manifest)
    )
    return one == two


def couples(base: Side, head: Side) -> list[tuple[str, str]]:
    """(base arm, head arm) of each comparison: the two that were named, or each in both runs, or
    one beside every other arm of its run and its guarantee.

    UsageError if there are none.
    """
    if base.arm and not head.arm and one_run(base, head):
        return _beside_the_others(base)
    if bool(base.arm) != bool(head.arm):
        raise UsageError(
            f"{base.name} and {head.name}: name an arm on both sides (RUN#ARM) or on neither; "
            "RUN#ARM RUN is one arm beside the others of its run"
        )
    if one_run(base, head) and base.arm == head.arm:
        raise UsageError(
            "nothing is compared: base and head are the same; "
            "name two runs, or two arms of one run as RUN#ARM"
        )
    if base.arm:
        return [(base.arm, head.arm)]
    common = [arm for arm in base.run.manifest.arms if arm in head.run.manifest.arms]
    if not common:
        arms = [", ".join(side.run.manifest.arms) or "none" for side in (base, head)]
        raise UsageError(
            f"no arm in common: {base.name} has {arms[0]}; {head.name} has {arms[1]}; "
            "name one of each as RUN#ARM"
        )
    return [(arm, arm) for arm in common]


def _beside_the_others(base: Side) -> list[tuple[str, str]]:
    promised = base.about(base.arm).guarantee
    others = [name for name in base.run.manifest.arms if name != base.arm]
    if alike := [name for name in others if base.about(name).guarantee == promised]:
        return [(base.arm, name) for name in alike]
    raise UsageError(
        f"no arm of {base.run.id} can stand beside {base.arm}, which is {promised}: "
        f"it has {', '.join(others) or 'no other'}"
    )


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
    promises = _promises(base, head, couples)
    if one_run(base, head):
        return promises
    versions = [f"version: {text}" for text in unlike(base.run.manifest, head.run.manifest)]
    around = [*_surroundings(base, head), *_loads(base, head), *versions]
    return [*around, *_brokers(base, head, couples), *promises]


def _surroundings(base: Side, head: Side) -> Iterator[str]:
    for (part, name), words in SURROUNDINGS.items():
        before, after = (getattr(getattr(side.run.manifest, part), name) for side in (base, head))
        if before != after:
            yield f"{words} {before} and {after}"


def _loads(base: Side, head: Side) -> Iterator[str]:
    """Of two loads of a reader's own: the same file, arguments and trace, or what is not."""
    before, after = (side.run.manifest.plan.workload for side in (base, head))
    if before is not None and after is not None:
        for what in before.unlike(after):
            yield f"workload: {what} ({before.file} and {after.file})"


def _brokers(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> list[str]:
    servers = dict.fromkeys((_server(base, one), _server(head, two)) for one, two in couples)
    return [f"broker: {before} and {after}" for before, after in servers if before != after]


def _server(side: Side, arm: str) -> str:
    broker = side.about(arm).broker
    server = side.run.manifest.brokers.get(broker)
    return f"{broker} ({server.name} {server.version})" if server else broker


def _promises(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> list[str]:
    promised = [(base.about(one).guarantee, head.about(two).guarantee) for one, two in couples]
    return [
        f"guarantee: {before} ({one}) and {after} ({two})"
        for (one, two), (before, after) in zip(couples, promised, strict=True)
        if before != after
    ]
