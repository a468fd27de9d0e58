"""Priority and several queues."""

from collections.abc import Sequence

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation

CLEAN, USEFUL = 0.01, 0.35  # shares of inverted pairs: as good as none; most of the order kept


def inversions(order: Sequence[int]) -> tuple[int, int]:
    """(pairs of unlike levels that ran the wrong way round, all such pairs); larger = more urgent, so the order should fall."""
    wrong = total = 0
    seen: dict[int, int] = {}
    for level in order:
        wrong += sum(count for other, count in seen.items() if other < level)
        total += sum(count for other, count in seen.items() if other != level)
        seen[level] = seen.get(level, 0) + 1
    return wrong, total


def levels(seen: Observation) -> Judgement:
    """`order` = the levels as they started (larger = more urgent, enqueued least urgent first), `asked`."""
    order = seen["order"]
    if len(order) != seen["asked"]:
        return Judgement(BROKEN, f"{len(order)} of {seen['asked']} ran")
    wrong, total = inversions(order)
    share = wrong / total
    figures = {"inverted_pairs": float(wrong), "inverted_share": share}
    text = f"{wrong:,} of {total:,} pairs ran the wrong way round"
    if share <= CLEAN:
        return Judgement(WORKS, text, figures)
    if share <= USEFUL:
        return Judgement(
            PARTLY, f"{text}: some had been fetched before the urgent ones came", figures
        )
    return Judgement(BROKEN, f"{text}: priority has no effect to speak of", figures)


def routing(seen: Observation) -> Judgement:
    """`asked` and `ran`: queue → how many of its tasks ran at the worker of that queue."""
    strays = {
        queue: count - seen["ran"].get(queue, 0)
        for queue, count in seen["asked"].items()
        if seen["ran"].get(queue, 0) != count
    }
    if strays:
        return Judgement(BROKEN, f"not at the worker of their queue: {strays}")
    return Judgement(WORKS, f"all {sum(seen['asked'].values())} ran at the worker of their queue")


def starvation(seen: Observation) -> Judgement:
    """`first` and `second`: how many of each queue ran while the first was kept full; `after` = of the second once it was empty."""
    share = seen["second"] / (seen["first"] + seen["second"])
    figures = {"second_share": share}
    if seen["second"] == 0:
        if not seen["after"]:
            return Judgement(
                BROKEN, "nothing of the second queue ran, not even when the first was empty"
            )
        return Judgement(
            PARTLY,
            f"the second queue waits until the first is empty: 0 of {seen['first']} runs were its own",
            figures,
        )
    return Judgement(
        WORKS,
        f"the second queue had {seen['second']} of {seen['first'] + seen['second']} runs",
        figures,
    )


JUDGES = {"priority.levels": levels, "queues.routing": routing, "queues.starvation": starvation}
