"""Results."""

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation


def store(seen: Observation) -> Judgement:
    """`values` = what came back for each task, `expected`, `once_only` = a second reading gives nothing."""
    if seen["values"] != seen["expected"]:
        wrong = [
            f"{want!r} came back as {got!r}"
            for want, got in zip(seen["expected"], seen["values"], strict=True)
            if want != got
        ]
        if len(wrong) == len(seen["expected"]):
            return Judgement(BROKEN, "; ".join(wrong))
        return Judgement(PARTLY, "; ".join(wrong))
    text = f"{len(seen['expected'])} values came back" + (
        "; each can be read once" if seen["once_only"] else ""
    )
    return Judgement(WORKS, text)


def large(seen: Observation) -> Judgement:
    """`bytes`, `same`, `read_ms`."""
    if not seen["same"]:
        return Judgement(BROKEN, f"{seen['bytes']:,} bytes did not come back as they were")
    return Judgement(
        WORKS,
        f"{seen['bytes']:,} bytes came back as they were",
        {"read_ms": float(seen["read_ms"])},
    )


def expiry(seen: Observation) -> Judgement:
    """`ttl_s`, `before` = there at once, `after` = still there when the time was over."""
    if not seen["before"]:
        return Judgement(BROKEN, "the result was never there")
    if seen["after"]:
        return Judgement(
            BROKEN, f"still there {seen['waited_s']:.1f} s later, {seen['ttl_s']:g} s were set"
        )
    return Judgement(
        WORKS, f"there at first, gone after {seen['waited_s']:.1f} s of {seen['ttl_s']:g} s set"
    )


def exception(seen: Observation) -> Judgement:
    """`type`, `text` as the caller got them, `wanted_type`, `wanted_text`, `traceback` = the task's own lines are in it."""
    told = f"{seen['type']}: {seen['text']}"
    if seen["wanted_text"] not in seen["text"]:
        return Judgement(BROKEN, f"the caller got {told[:120]!r}")
    lacks = []
    if seen["type"] != seen["wanted_type"]:
        lacks.append(f"its type is lost ({seen['type']} instead of {seen['wanted_type']})")
    if not seen["traceback"]:
        lacks.append("without the traceback")
    return Judgement(
        PARTLY if lacks else WORKS, "; ".join([f"the caller got {told[:80]!r}", *lacks])
    )


JUDGES = {
    "results.store": store,
    "results.large": large,
    "results.expiry": expiry,
    "results.exception": exception,
}
