"""`bench compare`: base and head, refused where they are unlike, and all their measures."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.analysis.comparison_result import Change, Changes, Says, changed
from bench.analysis.dataset import refuse_unknown
from bench.analysis.stats import MIN_BLOCKS
from bench.base.errors import EXIT_OK, AllInvalid, UsageError
from bench.compare.change_phrases import by_how_much
from bench.compare.changes import lines, verdicts
from bench.compare.sides import Side, couples, differences, one_run
from bench.model.stored import Json

APART = (
    "not interleaved: the machine may have drifted between the two; "
    "Welch's t on the logarithms, blocks are no pairs"
)
NAMED = 3  # measures that the summary names


def compare(base: Side, head: Side, force: bool = False) -> Changes:
    """Every measure of head beside base.

    UsageError for unlike sides (unless forced) and where nothing is in common; AllInvalid where no
    number is left.
    """
    for side in (base, head):
        refuse_unknown(side.measures)
    beside = couples(base, head)
    unlike = differences(base, head, beside)
    if unlike and not force:
        raise UsageError(
            f"{base.name} and {head.name} are unlike ({'; '.join(unlike)}): "
            "compare like with like, or use --force, which is printed on top"
        )
    changes = lines(base, head, beside)
    if not any(line.blocks for line in changes):
        raise _nothing(base, head)
    return Changes(
        f"{head.arm or 'every other arm'} beside {base.arm}, in {base.run.id}"
        if base.arm and one_run(base, head)
        else f"{head.name} beside {base.name}",
        base.name,
        head.name,
        EXIT_OK,
        summary(changes, not head.arm),
        changes,
        tuple(_notes(base, head, beside, unlike, changes)),
        {
            "base": _origin(base, [before for before, _ in beside]),
            "head": _origin(head, [after for _, after in beside]),
        },
    )


def _nothing(base: Side, head: Side) -> UsageError | AllInvalid:
    """Why there is no line with a number on both sides."""
    kinds = [
        set(
            zip(
                side.measures["scenario"],
                side.measures["case"],
                side.measures["metric"],
                strict=True,
            )
        )
        for side in (base, head)
    ]
    if not kinds[0] & kinds[1]:
        had = [
            ", ".join(
                sorted({f"{scenario} {case}".removesuffix(" -") for scenario, case, _ in kind})
            )
            or "nothing"
            for kind in kinds
        ]
        return UsageError(
            f"no measure in common: {base.name} has {had[0]}; {head.name} has {had[1]}; "
            "measure the same scenarios and cases"
        )
    worth = [
        verdicts(side.measures[side.measures["verdict"] != "ok"]) or "ok" for side in (base, head)
    ]
    return AllInvalid(
        "no measure has a number on both sides "
        f"({base.name}: {worth[0]}; {head.name}: {worth[1]}): "
        "measure again, `bench report RUN` gives the reasons"
    )


def summary(changes: Sequence[Change], arms: bool) -> str:
    """What is decided, by how much, and what is left open, in one line.

    With `arms` each measure names its arm.
    """
    counts = Counter(line.says for line in changes)
    words: tuple[tuple[Says, str], ...] = (
        ("regression", "regression"),
        ("improvement", "improvement"),
        ("differs", "difference"),
    )
    decided = [
        _counted(counts[says], word, [line for line in changes if line.says == says], arms)
        for says, word in words
        if counts[says]
    ]
    return (
        f"{'; '.join(decided) or 'nothing is decided'}; {counts['same']} the same, "
        f"{counts['unclear']} unclear, of {len(changes)} measures"
    )


def _counted(count: int, word: str, of: Sequence[Change], arms: bool) -> str:
    named = [
        f"{line.label}{f' of {line.head}' if arms else ''} {by_how_much(line)}"
        for line in of[:NAMED]
    ]
    plural, more = "" if count == 1 else "s", ", …" if count > NAMED else ""
    return f"{count} {word}{plural} ({', '.join(named)}{more})"


def _notes(
    base: Side,
    head: Side,
    beside: Sequence[tuple[str, str]],
    unlike: Sequence[str],
    changes: Sequence[Change],
) -> Iterator[str]:
    """What a reader must know before any line."""
    if unlike:
        yield f"FORCED, though unlike: {'; '.join(unlike)}"
    if not one_run(base, head):
        yield APART
    if base.arm and not head.arm:
        yield from _left_out(base, beside)
    if any(line.blocks and line.blocks < MIN_BLOCKS for line in changes):
        yield (
            f"measures with fewer than {MIN_BLOCKS} blocks have no interval and are never decided: "
            "measure with --blocks 5"
        )
    for side in (base, head):
        yield from _broken(side)
        yield from _unfit(side)
    if any(line.case.startswith("load=") for line in changes) and not _one_rate(base, head):
        yield (
            "load=… is a share of each arm's own capacity, as each run measured it: "
            "those latencies are at unlike rates where the capacities differ"
        )
    servers = (
        {
            side.about(arm).broker
            for pair in beside
            for side, arm in zip((base, head), pair, strict=True)
        }
        if base.arm
        else set()
    )
    if len(servers) > 1 and not unlike:
        yield f"the arms have other brokers: {', '.join(sorted(servers))}"
    yield from _versions(base, head, beside)


def _left_out(base: Side, beside: Sequence[tuple[str, str]]) -> Iterator[str]:
    others = set(base.run.manifest.arms) - {base.arm, *(head for _, head in beside)}
    if others:
        yield f"left out, of another guarantee than {base.arm}: {', '.join(sorted(others))}"


def _one_rate(base: Side, head: Side) -> bool:
    """Whether both were driven at the same rates.

    `bench check` drives its head at the rates of the base, and measures no capacity of it.
    """
    return one_run(base, head) and any(
        "capacity" not in set(side.measures["case"]) for side in (base, head)
    )


def _broken(side: Side) -> Iterator[str]:
    """The guarantees that were not kept: no ratio shows them."""
    for arm, rows in side.measures[side.measures["verdict"] == "wrong"].groupby("arm"):
        reasons = dict.fromkeys(str(reason) for reason in rows["reason"] if reason)
        yield f"WRONG in {side.run.id}, {arm}: {'; '.join(reasons) or 'a promise was not kept'}"


def _unfit(side: Side) -> Iterator[str]:
    """The cells in which the instrument was unfit and no other try was better.

    Measures without a number on both sides have no line that would show them.
    """
    for arm, rows in side.measures[side.measures["verdict"] == "invalid"].groupby("arm"):
        count = rows["cell"].nunique()
        why = next((str(reason) for reason in rows["reason"] if reason), "see its report")
        cells = "1 cell" if count == 1 else f"{count} cells"
        yield f"invalid in {side.run.id}, {arm}, {cells}: {why}"


def _versions(base: Side, head: Side, beside: Sequence[tuple[str, str]]) -> Iterator[str]:
    arms_by_text: dict[str, list[str]] = {}
    for before, after in beside:
        if before == after or base.about(before).system == head.about(after).system:
            text = ", ".join(changed(base.versions(before), head.versions(after)))
            arms_by_text.setdefault(text, []).append(after)
    for text, arms in arms_by_text.items():
        if text:
            yield f"versions: {text} ({', '.join(arms)})"


def _origin(side: Side, arms: Sequence[str]) -> Json:
    """Where a side comes from, for those who look a number up."""
    stored = side.run.manifest.as_json()
    names = ("created", "commit", "dirty", "seed", "machine", "plan", "code", "bench_version")
    return {
        "run": side.run.id,
        "arms": [*arms],
        "versions": {arm: dict(side.versions(arm)) for arm in arms},
        **{name: stored[name] for name in names},
    }
