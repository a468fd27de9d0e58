"""The judges of results: stored, large, expiring, and exceptions."""

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def store(observed: Observation) -> Judgement:
    """`values` = what came back for each task, `expected`.

    `once_only` = a second reading gives nothing.
    """
    if observed["values"] != observed["expected"]:
        wrong = [
            f"{want!r} came back as {got!r}"
            for want, got in zip(observed["expected"], observed["values"], strict=True)
            if want != got
        ]
        if len(wrong) == len(observed["expected"]):
            return Judgement(BROKEN, "; ".join(wrong))
        return Judgement(PARTLY, "; ".join(wrong))
    text = f"{len(observed['expected'])} values came back" + (
        "; each can be read once" if observed["once_only"] else ""
    )
    return Judgement(WORKS, text)


def large(observed: Observation) -> Judgement:
    """`bytes` of the result, `same` = it came back unchanged, `read_ms` = the time to read it."""
    if not observed["same"]:
        return Judgement(BROKEN, f"{observed['bytes']:,} bytes did not come back as they were")
    return Judgement(
        WORKS,
        f"{observed['bytes']:,} bytes came back as they were",
        {"read_ms": float(observed["read_ms"])},
    )


def expiry(observed: Observation) -> Judgement:
    """`ttl_s`, `before` = there at once, `after` = still there when the time was over."""
    if not observed["before"]:
        return Judgement(BROKEN, "the result was never there")
    if observed["after"]:
        return Judgement(
            BROKEN,
            f"still there {observed['waited_s']:.1f} s later, {observed['ttl_s']:g} s were set",
        )
    return Judgement(
        WORKS,
        f"there at first, gone after {observed['waited_s']:.1f} s of {observed['ttl_s']:g} s set",
    )


def exception(observed: Observation) -> Judgement:
    """`type`, `text` as the caller got them, `wanted_type`, `wanted_text`.

    `traceback` = the task's own lines are in it.
    """
    answer = f"{observed['type']}: {observed['text']}"
    if observed["wanted_text"] not in observed["text"]:
        return Judgement(BROKEN, f"the caller got {answer[:120]!r}")
    lost = f"its type is lost ({observed['type']} instead of {observed['wanted_type']})"
    lacks = [
        name
        for name, lacking in (
            (lost, observed["type"] != observed["wanted_type"]),
            ("without the traceback", not observed["traceback"]),
        )
        if lacking
    ]
    return Judgement(
        PARTLY if lacks else WORKS, "; ".join([f"the caller got {answer[:80]!r}", *lacks])
    )


JUDGES = {
    "results.store": store,
    "results.large": large,
    "results.expiry": expiry,
    "results.exception": exception,
}
