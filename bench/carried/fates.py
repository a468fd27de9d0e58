"""Recovery of old code beside new code: the tasks that ran and those that waited must meet the same fates, but for what is a matter of timing."""

from collections.abc import Iterable, Iterator, Sequence

from bench.report.data import join
from bench.report.evidence import Evidence, all_evidence
from bench.report.matrix import timing
from bench.store import Run


def against(pairs: Sequence[tuple[Run, Run]], systems: Iterable[str]) -> Iterator[str]:
    """Each cell whose fates differ in kind, and each system without a cell in both."""
    seen: set[str] = set()
    for old, new in pairs:
        joined = join([old])
        first, second = ({(each.case, each.arm): each for each in all_evidence(one)} for one in (joined, join([new])))
        for key in first.keys() & second.keys():
            seen.add(key[1].partition("/")[0])
            if _differ(first[key], second[key]) and not timing(joined, first[key]):
                yield f"{key[1]} {key[0]} met other fates in {new.path.name} than in {old.path.name}"
    yield from (f"the evidence has no recovery of {system}" for system in sorted(set(systems) - seen))


def _differ(one: Evidence, two: Evidence) -> bool:
    """Where nothing waited when the fault struck there is no fate to compare."""
    groups = ((one.running, two.running), (one.waiting, two.waiting))
    return any(a and b and set(a) != set(b) for a, b in groups)
